/** What an agency's own page and the operators' page both show: rows, chips, a statement. */

import { agent as text } from "../text/agent.js";
import { el } from "./dom.js";
import { formatMoney, formatNumber } from "./money.js";
import { dayName, timeOf } from "./times.js";
import { say, wordFor } from "./words.js";

/** @typedef {{id: string, status: string, offer: string, order: string, amount: Amount,
 *   refunded_minor: number, clearance_id: ?string, number: ?string, ticket_numbers: string[],
 *   channel: string, at: string, voidable_until: ?string,
 *   decline: ?{text: string}, reason: ?string}} Ticket */
/** @typedef {{amount_minor: number, currency: string}} Amount */
/** @typedef {{currency: string, opening_minor: number, closing_minor: number,
 *   credits_minor: number, debits_minor: number, since: string, until: string,
 *   lines: StatementLine[]}} Statement */
/** @typedef {{at: string, kind: string, amount_minor: number, balance_minor: number,
 *   order: ?string, ticket: ?string}} StatementLine */

/** @param {string} state */
export function chip(state) {
  return el("span", { class: "chip", "data-state": state, text: wordFor(text.states, state) });
}

/** @param {Amount} amount */
export function moneyOf({ amount_minor, currency }) {
  return formatMoney(amount_minor, currency);
}

/** @param {string} at */
export function whenOf(at) {
  return `${dayName(at, new Date())} ${timeOf(at)}`;
}

/** @param {Ticket} ticket @param {...HTMLElement} acts */
export function ticketRow(ticket, ...acts) {
  const said = [
    [ticket.order, whenOf(ticket.at), ticket.channel].join(" · "),
    ticket.ticket_numbers.join(", "),
    ticket.number ?? "",
    ticket.decline?.text ?? ticket.reason ?? "",
    ticket.refunded_minor && ticket.status === "issued"
      ? say(text.refunded, {
          amount: formatMoney(ticket.refunded_minor, ticket.amount.currency),
        })
      : "",
  ];
  const lines = said.filter(Boolean).map((line) => el("span", { class: "soft small", text: line }));
  return el(
    "li",
    { class: "row", "data-state": ticket.status },
    el(
      "div",
      { class: "row-what" },
      el("span", { class: "row-title", text: ticket.offer }, chip(ticket.status)),
      ...lines,
    ),
    el("span", { class: "row-amount figure", text: moneyOf(ticket.amount) }),
    el("div", { class: "row-acts" }, ...acts),
  );
}

/** Sums, then the lines between the two balances. @param {Statement} statement */
export function statementTable(statement) {
  const { currency } = statement;
  const sums = [
    [text.opening, statement.opening_minor],
    [text.credits, statement.credits_minor],
    [text.debits, -statement.debits_minor],
    [text.closing, statement.closing_minor],
  ].flatMap(([name, minor]) => [
    el("dt", { text: String(name) }),
    el("dd", { class: "figure", text: formatMoney(Number(minor), currency) }),
  ]);
  const rows = statement.lines.map((line) => lineRow(line, currency));
  if (!rows.length) return el("div", { class: "stack" }, el("dl", { class: "sums" }, ...sums), empty());
  return el(
    "div",
    { class: "stack" },
    el("dl", { class: "sums" }, ...sums),
    el(
      "div",
      { class: "table-frame" },
      el(
        "table",
        { class: "lines" },
        el("thead", {}, headRow()),
        el("tbody", {}, ...rows),
      ),
    ),
  );
}

function empty() {
  return el("p", { class: "soft", text: text.nothing });
}

function headRow() {
  return el(
    "tr",
    {},
    el("th", { scope: "col", text: text.at }),
    el("th", { scope: "col", text: text.what }),
    el("th", { scope: "col", class: "figure", text: text.change }),
    el("th", { scope: "col", class: "figure aside", text: text.balance }),
  );
}

/** @param {StatementLine} line @param {string} currency */
function lineRow(line, currency) {
  const what = [wordFor(text.kinds, line.kind), line.order].filter(Boolean).join(" · ");
  return el(
    "tr",
    {},
    el("td", { class: "soft", text: whenOf(line.at) }),
    el("td", { text: what }),
    el("td", { class: "figure", text: signed(line.amount_minor, currency) }),
    el("td", { class: "figure aside soft", text: formatNumber(line.balance_minor, currency) }),
  );
}

/** With its sign always; the statement says its currency above. @param {number} minor @param {string} currency */
function signed(minor, currency) {
  return (minor > 0 ? "+" : "") + formatNumber(minor, currency);
}

/**
 * A button that asks once more, in place: what is undone here is undone for good.
 * @param {{label: string, sure: string}} words @param {() => Promise<void>} act
 */
export function sureButton(words, act) {
  const button = el("button", { type: "button", text: words.label });
  let asked = false;
  button.onclick = async () => {
    if (!asked) {
      asked = true;
      button.textContent = words.sure;
      button.classList.add("primary");
      return;
    }
    /** @type {HTMLButtonElement} */ (button).disabled = true;
    await act();
  };
  return button;
}

/** Somebody is typing there: it must not be drawn anew under their hands. @param {HTMLElement} part */
export function isTypedIn(part) {
  return document.activeElement instanceof HTMLInputElement && part.contains(document.activeElement);
}

/** @param {string} id @param {string} label @param {HTMLElement} control */
export function field(id, label, control) {
  control.id = id;
  return el("div", { class: "field" }, el("label", { for: id, text: label }), control);
}
