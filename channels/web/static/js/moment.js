/**
 * The moment: what has just happened, once, across the whole width. It is read aloud, leaves
 * by itself, and leaves at a touch or Escape. Moments that meet wait for each other.
 */

import { common } from "../text/common.js";
import { el, svg } from "./dom.js";

const STAYS_MS = 6_000; // long enough to turn the phone towards the cashier

/** @typedef {"yes"|"no"|"held"|"back"} Tone */
/** @typedef {{tone: Tone, title: string, under: string, small: string}} Moment */

/** One stroke for each tone. @type {Record<Tone, string>} */
const SIGNS = {
  yes: "M17 33.5 28 44 48 21",
  no: "M21 21 43 43M43 21 21 43",
  held: "M18 26h28M18 38h28",
  back: "M46 24H25a9 9 0 0 0 0 18h13M25 15l-9 9 9 9",
};

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
    this.#timer = setTimeout(() => this.#leave(), STAYS_MS);
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

/** A circle that is drawn, and the sign in it. @param {Tone} tone */
export function sign(tone) {
  return svg(
    "svg",
    { class: "sign", viewBox: "0 0 64 64", "aria-hidden": "true", "data-tone": tone },
    svg("circle", { cx: 32, cy: 32, r: 29, pathLength: 1 }),
    svg("path", { d: SIGNS[tone], pathLength: 1 }),
  );
}
