/**
 * One screen at a time, named by the address (#scan, #receipt=pay_…), so that Back goes back and a
 * reload stays. A screen is drawn when it is opened, and forgotten when another is.
 */

import { app as text } from "../../text/app.js";
import { byId, el } from "../dom.js";

/**
 * @typedef {object} Screen
 * @property {string} title
 * @property {string} [parent] where its back link leads; without one, home
 * @property {(root: HTMLElement, argument: string) => void|Promise<void>} open
 * @property {() => void} [close] stops what it has begun: a camera, a clock
 */

/** What home is made of; on other screens they are hidden. */
const HOME = "home";

export class Screens {
  #open = /** @type {?Screen} */ (null);

  /** @param {Record<string, Screen>} screens @param {(name: string) => void} onShow */
  constructor(screens, onShow) {
    this.screens = screens;
    this.onShow = onShow;
    this.root = byId("screen");
  }

  start() {
    addEventListener("hashchange", () => this.#show({ moved: true }));
    this.#show({ moved: false });
  }

  /** Draw the present one anew. */
  again() {
    this.#show({ moved: false });
  }

  /** Who listens to a screen hears it when it is whole. @param {Screen} screen
   *  @param {HTMLElement} body @param {string} argument */
  async #draw(screen, body, argument) {
    this.root.setAttribute("aria-busy", "true");
    await screen.open(body, argument);
    if (screen === this.#open) this.root.removeAttribute("aria-busy");
  }

  /** @param {{moved: boolean}} how moved: somebody went there, and should hear where they are */
  #show({ moved }) {
    const [name, argument = ""] = location.hash.slice(1).split("=");
    const screen = this.screens[name] ?? null;
    this.#open?.close?.();
    this.#open = screen;
    const shown = screen === null ? homeName(name) : name;
    this.onShow(shown);
    markTabs(screen?.parent ?? shown);
    const body = el("div", { class: "screen-body" });
    this.root.hidden = screen === null;
    this.root.replaceChildren(...(screen === null ? [] : [headOf(screen), body]));
    document.title = `${screen?.title ?? text.home} · ${text.brand}`;
    if (screen) this.#draw(screen, body, decodeURIComponent(argument));
    if (!moved) return;
    scrollTo(0, 0);
    const heading = screen ? this.root.querySelector("h1") : byId("main");
    /** @type {HTMLElement} */ (heading).focus();
  }
}

/** The code alone is a part of home. @param {string} name */
function homeName(name) {
  return name === "code" ? "code" : HOME;
}

/** @param {Screen} screen */
function headOf({ title, parent = "" }) {
  return el(
    "header",
    { class: "screen-head" },
    el("a", { class: "back", href: `#${parent}` }, arrow(), el("span", { text: text.back })),
    el("h1", { text: title, tabindex: -1 }),
  );
}

function arrow() {
  return el("span", { class: "back-arrow", "aria-hidden": "true" });
}

/** @param {string} shown */
function markTabs(shown) {
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const own = /** @type {HTMLElement} */ (tab).dataset.tab === shown;
    if (own) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

/** @param {string} name @param {string} [argument] */
export function go(name, argument = "") {
  location.hash = argument ? `${name}=${encodeURIComponent(argument)}` : name;
}
