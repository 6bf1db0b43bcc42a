/** The few shapes that the app's screens are made of. */

import { app as text } from "../../text/app.js";
import { common } from "../../text/common.js";
import { Problem, isFailedCall } from "../api.js";
import { el } from "../dom.js";
import { NoPasskey } from "../passkey.js";

/** A sentence that is read aloud when it changes; nothing is there while it is empty. */
export class Said {
  root = el("p", { class: "said", role: "status" });

  /** @param {string} words */
  say(words) {
    this.root.textContent = words;
  }

  /**
   * Do it, and say why it could not be done. A fault of the page itself is not hidden.
   * @template T @param {() => Promise<T>} task @returns {Promise<T|undefined>}
   */
  async trying(task) {
    this.say("");
    try {
      return await task();
    } catch (error) {
      this.say(refusalOf(error));
      return undefined;
    }
  }
}

/** @param {unknown} error */
function refusalOf(error) {
  if (error instanceof NoPasskey) return text.noPasskey;
  if (!isFailedCall(error)) throw error;
  return error instanceof Problem ? error.message : common.noAnswer;
}

/** @param {string} label @param {() => void} does @param {string} [look] a class */
export function button(label, does, look = "") {
  return el("button", { type: "button", class: look, text: label, on: { click: does } });
}

/** @param {string} href @param {string} label @param {string} [says] */
export function rowLink(href, label, says = "") {
  return el(
    "a",
    { class: "row-link", href },
    el("span", { class: "row-link-label", text: label }),
    says ? el("span", { class: "soft small", text: says }) : null,
  );
}

/** @param {string} label @param {HTMLElement} field */
export function labelled(label, field) {
  return el("label", { class: "field" }, el("span", { text: label }), field);
}

/** What may not be undone by a slip: the first tap asks, the second does. */
export function sureButton(/** @type {string} */ label, /** @type {string} */ sure, /** @type {() => void} */ does) {
  const made = button(label, () => {
    if (made.dataset.asked) return does();
    made.dataset.asked = "yes";
    made.textContent = sure;
  });
  made.addEventListener("blur", () => {
    delete made.dataset.asked;
    made.textContent = label;
  });
  return made;
}
