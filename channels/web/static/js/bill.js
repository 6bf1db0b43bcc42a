/** The order as the payer reads it: who asks, for what, and what is left afterwards. */

import { pay as text } from "../text/pay.js";
import { el } from "./dom.js";
import { formatMoney } from "./money.js";
import { say } from "./words.js";

/** @typedef {import("./wire.js").Order} Order */
/** @typedef {import("./wire.js").Account} Account */

/**
 * @param {Order} order @param {Account} account
 * @param {{onPay: () => void, tappedBefore: boolean}} how
 * @returns {HTMLElement[]}
 */
export function billOf(order, account, { onPay, tappedBefore }) {
  const { amount_minor, currency } = order.amount;
  const total = formatMoney(amount_minor, currency);
  const button = el("button", {
    id: "pay-button",
    type: "button",
    class: "primary big",
    text: say(text.pay, { amount: total }),
    on: { click: onPay },
  });
  return [
    el(
      "header",
      { class: "bill-head" },
      el("h1", { text: order.merchant_name ?? text.someMerchant }),
      el("p", { class: "soft", text: text.asks }),
      el("p", { class: "bill-total figure", text: total }),
      el("p", { class: "soft small", text: say(text.order, { order: order.order }) }),
    ),
    linesOf(order),
    balanceOf(order, account),
    el("p", { class: "said", text: tappedBefore ? text.tappedBefore : "" }),
    button,
    el("p", { class: "soft small bill-foot", text: text.paySays }),
  ];
}

/** @param {Order} order */
function linesOf({ lines, amount }) {
  const rows = lines.map((line) => row(line.text, formatMoney(line.amount_minor, amount.currency)));
  const total = row(text.total, formatMoney(amount.amount_minor, amount.currency));
  total.classList.add("bill-sum");
  return el("dl", { class: "bill-lines" }, ...rows, lines.length ? total : null);
}

/** @param {Order} order @param {Account} account */
function balanceOf({ amount }, { pots }) {
  const { amount_minor, currency } = amount;
  const pot = pots.find((candidate) => candidate.currency === currency);
  if (pot === undefined) return el("p", { class: "said", text: say(text.noPot, { currency }) });
  const left = BigInt(pot.available_minor) - BigInt(amount_minor);
  return el(
    "dl",
    { class: "bill-balance" },
    row(text.now, formatMoney(pot.available_minor, currency)),
    left < 0n
      ? el("div", { class: "bill-short" }, el("dt", { text: text.notEnough }))
      : row(text.after, formatMoney(left, currency)),
  );
}

/** @param {string} label @param {string} figure */
function row(label, figure) {
  return el("div", {}, el("dt", { text: label }), el("dd", { class: "figure", text: figure }));
}
