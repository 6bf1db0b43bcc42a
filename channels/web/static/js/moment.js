/**
 * The moment: what has just happened, once, across the whole width. It is read aloud, leaves
 * by itself, and leaves at a touch or Escape. Moments that meet wait for each other.
 */

import { common } from "../text/common.js";
import { el } from "./dom.js";
import { sign } from "./sign.js";

const STAYS_MS = 6_000; // long enough to turn the phone towards the cashier

/** @typedef {{tone: import("./sign.js").Tone, title: string, under: string,
 *   small: string}} Moment */

export class Moments {
  #waiting = /** @type {Moment[]} */ ([]);
  #timer = 0;

  /** @param {HTMLElement} root a live region */
  constructor(root) {
    this.root = root;
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#leave();
    });
  }

  /** @param {Moment} moment */
  show(moment) {
    this.#waiting.push(moment);
    if (this.root.childElementCount === 0) this.#next();
  }

  #next() {
    const moment = this.#waiting.shift();
    if (moment === undefined) return;
    this.root.replaceChildren(this.#panel(moment));
    this.#stay();
  }

  /** Time counts only while somebody can look. */
  #stay() {
    const again = () => this.#stay();
    if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
    else this.#timer = setTimeout(() => this.#leave(), STAYS_MS);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.root.replaceChildren();
    this.#next();
  }

  /** @param {Moment} moment */
  #panel({ tone, title, under, small }) {
    return el(
      "div",
      { class: "moment", "data-tone": tone, on: { click: () => this.#leave() } },
      sign(tone),
      el("p", { class: "moment-title", text: title }),
      el("p", { class: "moment-under", text: under }),
      el("p", { class: "moment-small", text: small }),
      el("button", { class: "moment-close", type: "button", text: common.close }),
      el("span", { class: "moment-time" }),
    );
  }
}
