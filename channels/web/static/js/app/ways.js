/** Ways to pay: which pots pay at a tap, what they are called, and which one first. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { currencyName } from "../money.js";
import { say } from "../words.js";
import { Said, button, labelled } from "./parts.js";

/** @typedef {{pot: string, currency: string, label: string, default: boolean, saved: boolean}} Way */

const PATH = "/v1/me/ways-to-pay";

/**
 * @param {import("../api.js").Api} api
 * @returns {import("./screens.js").Screen}
 */
export function waysScreen(api) {
  return { title: text.ways, parent: "settings", open: (root) => new WaysScreen(api, root).open() };
}

class WaysScreen {
  #said = new Said();
  #list = el("ul", { class: "rows card" });
  /** @type {Way[]} */
  #ways = [];

  /** @param {import("../api.js").Api} api @param {HTMLElement} root */
  constructor(api, root) {
    this.api = api;
    root.replaceChildren(el("p", { text: text.waysSaysMore }), this.#said.root, this.#list);
  }

  async open() {
    const read = await this.#said.trying(() => this.api.get(PATH));
    if (read !== undefined) this.#show(read.ways);
  }

  /** Only those that are saved; the first of them is the default when none is. @param {Way[]} ways
   *  @param {string} says */
  async #save(ways, says) {
    const saved = ways.filter((way) => way.saved);
    const first = saved.find((way) => way.default) ?? saved[0];
    const body = saved.map(({ pot, label }) => ({ pot, label, default: pot === first.pot }));
    const kept = await this.#said.trying(() => this.api.put(PATH, { ways: body }));
    if (kept === undefined) return;
    this.#show(kept.ways);
    this.#said.say(says);
  }

  /** @param {Way[]} ways */
  #show(ways) {
    this.#ways = ways;
    this.#list.replaceChildren(...ways.map((way, at) => this.#row(way, at)));
  }

  /** @param {Way} way @param {number} at */
  #row(way, at) {
    const name = way.label || currencyName(way.currency);
    return el(
      "li",
      { class: "row-item", "data-way": way.pot },
      el(
        "div",
        {},
        el("strong", {}, el("bdi", { text: name })),
        el("p", { class: "soft small", text: standingOf(way) }),
      ),
      el("div", { class: "row-acts" }, ...this.#acts(way, at, name)),
    );
  }

  /** @param {Way} way @param {number} at @param {string} name */
  #acts(way, at, name) {
    const change = (/** @type {Partial<Way>} */ to, /** @type {Partial<Way>} */ others = {}) =>
      this.#ways.map((each) => ({ ...each, ...(each.pot === way.pot ? to : others) }));
    const first = () =>
      this.#save(change({ default: true, saved: true }, { default: false }), say(text.wayIsFirst, { name }));
    if (!way.saved) {
      const add = () => this.#save(change({ saved: true }), say(text.waySaved, { name }));
      return [named(button(text.saveWay, add), `${text.saveWay}: ${name}`)];
    }
    const up = () => {
      const moved = [...this.#ways];
      moved.splice(at - 1, 2, moved[at], moved[at - 1]);
      this.#save(moved, say(text.wayMoved, { name }));
    };
    const drop = () => this.#save(change({ saved: false, default: false }), say(text.wayDropped, { name }));
    const acts = [
      way.default ? null : named(button(text.makeDefault, first), `${text.makeDefault}: ${name}`),
      at === 0 ? null : named(button(text.moveUp, up), `${text.moveUp}: ${name}`),
      named(button(text.dropWay, drop), `${text.dropWay}: ${name}`),
      this.#renaming(way, name),
    ];
    return acts.filter((act) => act !== null);
  }

  /** @param {Way} way @param {string} name */
  #renaming(way, name) {
    const field = /** @type {HTMLInputElement} */ (el("input", { value: way.label, maxlength: 32 }));
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const label = field.value.trim();
      const ways = this.#ways.map((each) => (each.pot === way.pot ? { ...each, label } : each));
      this.#save(ways, say(text.wayNamed, { name: label }));
    };
    const form = el(
      "form",
      { class: "stack", on: { submit } },
      labelled(text.wayName, field),
      el("button", { text: text.save }),
    );
    return el("details", {}, named(el("summary", { text: text.rename }), `${text.rename}: ${name}`), form);
  }
}

/** @param {Way} way */
function standingOf(way) {
  if (!way.saved) return text.wayUnsaved;
  return way.default ? text.wayDefault : text.wayOther;
}

/** @param {HTMLElement} made @param {string} name for who cannot see what it stands beside */
function named(made, name) {
  made.setAttribute("aria-label", name);
  return made;
}
