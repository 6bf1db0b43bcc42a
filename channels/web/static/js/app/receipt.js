/** One payment in full, to be read, kept or printed. */

import { app as text } from "../../text/app.js";
import { declineText } from "../../text/declines.js";
import { wallet } from "../../text/wallet.js";
import { el } from "../dom.js";
import { formatMoney } from "../money.js";
import { momentText } from "../times.js";
import { Said, button } from "./parts.js";

/**
 * @param {import("../api.js").Api} api
 * @returns {import("./screens.js").Screen}
 */
export function receiptScreen(api) {
  return { title: text.receipt, parent: "history", open: (root, id) => show(api, root, id) };
}

/** @param {import("../api.js").Api} api @param {HTMLElement} root @param {string} id */
async function show(api, root, id) {
  const said = new Said();
  root.replaceChildren(said.root);
  const payment = await said.trying(() => api.get(`/v1/payments/${encodeURIComponent(id)}`));
  if (payment === undefined) return;
  root.replaceChildren(
    el(
      "article",
      { class: "card receipt" },
      el("h2", { text: payment.merchant_name ?? wallet.someMerchant }),
      el("p", { class: "bill-total figure", text: money(payment.amount.amount_minor, payment) }),
      el("dl", { class: "facts" }, ...factsOf(payment).flatMap(fact)),
    ),
    button(text.print, () => print(), "no-print"),
  );
}

/** @param {import("../wire.js").Payment} payment @returns {[string, string][]} */
function factsOf(payment) {
  const state = /** @type {Record<string, string>} */ (text.statuses)[payment.status];
  const of = (/** @type {number} */ minor) => (minor === 0 ? "" : money(minor, payment));
  /** @type {[string, ?string][]} */
  const facts = [
    [text.status, state ?? payment.status],
    [text.reason, declineText(payment.decline?.reason ?? null)],
    [text.taken, of(payment.captured_minor)],
    [text.refunded, of(payment.refunded_minor)],
    [text.stillHeld, of(payment.remaining_minor)],
    [text.when, momentText(payment.at)],
    [text.orderName, payment.order],
    [text.number, payment.id],
  ];
  return /** @type {[string, string][]} */ (facts.filter(([, value]) => value));
}

/** @param {[string, string]} pair */
function fact([name, value]) {
  return [el("dt", { text: name }), el("dd", {}, el("bdi", { text: value }))];
}

/** @param {number} minor @param {import("../wire.js").Payment} payment */
function money(minor, { amount }) {
  return formatMoney(minor, amount.currency);
}
