/** How a payment ended, in the customer's hand: a sign, a sentence, and what can be done next. */

import { el } from "./dom.js";
import { sign } from "./sign.js";

/** @typedef {{label: string, does: () => void}} Choice */
/** @typedef {{tone: "asking"|import("./sign.js").Tone, title: string, says: string,
 *   choices?: Choice[]}} Verdict */

export class VerdictBox {
  #says = el("div", { role: "status", "aria-live": "assertive", "aria-atomic": "true" });
  #buttons = el("div", { class: "stack" });

  constructor() {
    this.root = el("div", { class: "verdict", id: "verdict-box" }, this.#says, this.#buttons);
    this.#says.id = "verdict";
  }

  /** @param {Verdict} verdict */
  put({ tone, title, says, choices = [] }) {
    this.root.dataset.tone = tone;
    this.#says.replaceChildren(
      tone === "asking" ? el("span", { class: "spinner" }) : sign(tone),
      el("h2", { class: "verdict-title", text: title }),
      el("p", { text: says }),
    );
    this.#buttons.replaceChildren(
      ...choices.map(({ label, does }) =>
        el("button", { type: "button", text: label, on: { click: does } }),
      ),
    );
  }
}
