/** Today at this till: the totals, and the payments with what may still be done to them. */

import { till as text } from "../text/till.js";
import { byId, el } from "./dom.js";
import { formatMoney } from "./money.js";
import { totalsOf } from "./takings.js";
import { timeOf } from "./times.js";
import { say, wordFor } from "./words.js";

/** @typedef {import("./wire.js").Payment} Payment */
/** @typedef {"refund"|"capture"|"void"} Act */

export class Today {
  #seen = /** @type {Set<string>} */ (new Set());

  /**
   * @param {import("./takings.js").Takings} takings
   * @param {(act: Act, payment: Payment) => void} onAct
   */
  constructor(takings, onAct) {
    this.takings = takings;
    this.onAct = onAct;
  }

  /** @param {Date} now */
  show(now) {
    const payments = this.takings.today(now);
    byId("totals").replaceChildren(...totalsOf(payments).map(totalBlock));
    const declined = payments.filter((payment) => payment.status === "declined").length;
    byId("counts").textContent = payments.length
      ? say(text.counts, { approved: payments.length - declined, declined })
      : text.todayEmpty;
    byId("takings").replaceChildren(...payments.map((payment) => this.#row(payment)));
    this.#seen = new Set(payments.map(versionOf));
  }

  /** @param {Payment} payment */
  #row(payment) {
    const fresh = this.#seen.size > 0 && !this.#seen.has(versionOf(payment));
    const money = formatMoney(payment.amount.amount_minor, payment.amount.currency);
    const state = stateOf(payment);
    return el(
      "li",
      { class: fresh ? "row row-fresh" : "row", "data-state": state, "data-payment": payment.id },
      el(
        "div",
        { class: "row-what" },
        el("span", { class: "row-title figure", text: money }),
        el("span", { class: "soft small", text: underline(payment) }),
      ),
      el("span", { class: "chip", "data-state": state, text: wordFor(text.states, state) }),
      el("div", { class: "row-acts" }, ...this.#acts(payment)),
    );
  }

  /** @param {Payment} payment */
  #acts(payment) {
    /** @type {[Act, string, boolean][]} */
    const acts = [
      ["capture", text.capture, payment.remaining_minor > 0],
      ["void", text.voidHold, payment.remaining_minor > 0],
      ["refund", text.refund, refundable(payment) > 0],
    ];
    return acts
      .filter(([, , possible]) => possible)
      .map(([act, label]) => {
        const click = () => this.onAct(act, payment);
        return el("button", { type: "button", text: label, on: { click } });
      });
  }
}

/** @param {Payment} payment what may still be given back, in minor units */
export function refundable(payment) {
  return payment.captured_minor - payment.refunded_minor;
}

/** @param {Payment} payment @returns {string} a name of till.states */
function stateOf(payment) {
  const { status, captured_minor, refunded_minor } = payment;
  if (status === "reversed") return status;
  if (captured_minor > 0 && refunded_minor >= captured_minor) return "refunded";
  return refunded_minor > 0 ? "partly_refunded" : status;
}

/** Changes whenever something happened to it. @param {Payment} payment */
function versionOf(payment) {
  const { id, status, captured_minor, refunded_minor, remaining_minor } = payment;
  return [id, status, captured_minor, refunded_minor, remaining_minor].join();
}

/** @param {Payment} payment */
function underline(payment) {
  const { amount, order, refunded_minor, decline } = payment;
  const parts = [
    timeOf(payment.at),
    order ? say(text.rowOrder, { order }) : null,
    refunded_minor > 0 ? `${text.refunded} ${formatMoney(refunded_minor, amount.currency)}` : null,
    decline ? decline.text : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {import("./takings.js").Total} total */
function totalBlock({ currency, taken, refunded, held }) {
  const figures = [
    [text.net, taken - refunded],
    [text.taken, taken],
    [text.refunded, refunded],
    [text.onHold, held],
  ];
  const cells = figures.map(([label, minor]) =>
    el(
      "div",
      {},
      el("dt", { text: String(label) }),
      el("dd", { class: "figure", text: formatMoney(/** @type {bigint} */ (minor), currency) }),
    ),
  );
  return el("dl", { class: "total", "data-currency": currency }, ...cells);
}
