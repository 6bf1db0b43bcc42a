/** The statement on the page: lines under the day they belong to. */

import { declineText } from "../text/declines.js";
import { wallet as text } from "../text/wallet.js";
import { el } from "./dom.js";
import { formatChange, formatMoney } from "./money.js";
import { linesOf } from "./statement.js";
import { dayName, dayNumber, timeOf } from "./times.js";
import { say, wordFor } from "./words.js";

/** @typedef {import("./statement.js").Line} Line */

export class History {
  #seen = /** @type {?Set<string>} */ (null);

  /**
   * @param {HTMLElement} root @param {number} [linesMax] the newest so many
   * @param {string} [empty] what stands there when there is nothing
   */
  constructor(root, linesMax = Infinity, empty = text.historyEmpty) {
    this.root = root;
    this.linesMax = linesMax;
    this.empty = empty;
  }

  /** @param {import("./wire.js").Entry[]} entries newest first @param {Date} now */
  show(entries, now) {
    const lines = linesOf(entries).slice(0, this.linesMax);
    const fresh = (/** @type {Line} */ line) => this.#seen !== null && !this.#seen.has(line.id);
    const days = groupByDay(lines).map((day) => dayGroup(day, now, fresh));
    this.root.replaceChildren(
      ...(days.length ? days : [el("p", { class: "soft", text: this.empty })]),
    );
    this.#seen = new Set(lines.map((line) => line.id));
  }

  /** Lines read by "earlier" are not news. */
  forget() {
    this.#seen = null;
  }
}

/** @param {Line[]} lines @returns {Line[][]} */
function groupByDay(lines) {
  /** @type {Map<number, Line[]>} */
  const days = new Map();
  for (const line of lines) {
    const day = dayNumber(line.at);
    days.set(day, [...(days.get(day) ?? []), line]);
  }
  return [...days.values()];
}

/** @param {Line[]} lines @param {Date} now @param {(line: Line) => boolean} fresh */
function dayGroup(lines, now, fresh) {
  return el(
    "section",
    { class: "day" },
    el("h3", { class: "soft", text: dayName(lines[0].at, now) }),
    el("ol", { class: "lines" }, ...lines.map((line) => lineItem(line, fresh(line)))),
  );
}

/** @param {Line} line @param {boolean} fresh */
function lineItem(line, fresh) {
  const state = line.state ?? (line.change_minor > 0 ? "back" : "note");
  return el(
    "li",
    { class: fresh ? "line line-fresh" : "line", "data-state": state, "data-kind": line.kind },
    el(
      "div",
      { class: "line-what" },
      titleOf(line),
      el("span", { class: "soft small", text: underline(line) }),
    ),
    el("div", { class: "line-money" }, moneyOf(line), line.state ? chip(line.state) : null),
  );
}

/** What belongs to a payment leads to its receipt. @param {Line} line */
function titleOf(line) {
  const shown = { class: "line-title", text: line.title ?? wordFor(text.kinds, line.kind) };
  if (line.payment === null) return el("span", shown);
  return el("a", { ...shown, href: `#receipt=${line.payment}` });
}

/** @param {Line} line the small print: time, what it was, order, why it was declined */
function underline(line) {
  const parts = [
    timeOf(line.at),
    line.title ? wordFor(text.kinds, line.kind) : null,
    line.order ? say(text.order, { order: line.order }) : null,
    line.decline ? declineText(line.decline) : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Line} line */
function moneyOf(line) {
  if (line.currency === null) return null;
  if (line.change_minor === 0) {
    return el("s", { class: "figure soft", text: formatMoney(line.amount_minor, line.currency) });
  }
  return el("span", { class: "figure", text: formatChange(line.change_minor, line.currency) });
}

/** @param {string} state */
function chip(state) {
  return el("span", { class: "chip", "data-state": state, text: wordFor(text.states, state) });
}
