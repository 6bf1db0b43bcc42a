/** From an event of the stream to the moment that the wallet shows. */

import { declineText } from "../text/declines.js";
import { wallet as text } from "../text/wallet.js";
import { formatMoney } from "./money.js";
import { timeOf } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("./wire.js").EventData} EventData */
/** @typedef {import("./wire.js").Entry} Entry */

/** @type {Record<string, import("./sign.js").Tone>} */
const TONES = {
  purchased: "yes",
  captured: "yes",
  authorised: "held",
  increased: "held",
  voided: "back",
  expired: "back",
  refunded: "back",
  reversed: "back",
  declined: "no",
  transfer_received: "back",
};

/** For these the payment itself says the amount; for the others only the entry does. */
const AMOUNT_OF_PAYMENT = new Set(["purchased", "authorised", "declined", "reversed"]);

// A phone that was in a pocket shows what happened there, but not yesterday's news.
const NEWS_MAX_AGE_MS = 5 * 60_000;

/**
 * A refused refund is "declined" too, and nothing to alarm the owner with. The payment that
 * was declined came into being with that very event.
 * @param {EventData} data
 */
function isPaymentOf({ at, payment }) {
  return payment?.status === "declined" && payment.at === at;
}

/** @param {EventData} data whether the moment must wait for the entries to be read */
export function needsEntry(data) {
  return !AMOUNT_OF_PAYMENT.has(data.kind);
}

/**
 * @param {EventData} data
 * @param {Entry[]} entries newest first
 * @param {number} now_ms
 * @returns {?import("./moment.js").Moment} null when it is nothing to announce
 */
export function momentOf(data, entries, now_ms) {
  const { kind, payment } = data;
  if (kind === "declined" && !isPaymentOf(data)) return null;
  const words = /** @type {Record<string, any>} */ (text.moments)[kind];
  if (words === undefined || now_ms - Date.parse(data.at) > NEWS_MAX_AGE_MS) return null;
  const entry = entries.find((e) => e.kind === kind && e.at === data.at);
  const amount = needsEntry(data) ? (entry?.amount ?? payment?.amount) : payment?.amount;
  if (amount === undefined) return null;
  const values = {
    amount: formatMoney(amount.amount_minor, amount.currency),
    merchant: payment?.merchant_name ?? text.someMerchant,
    reason: declineText(payment?.decline?.reason ?? null),
  };
  return {
    tone: TONES[kind],
    title: say(words.title, values),
    under: say(words.under, values),
    small: small(data),
  };
}

/** @param {EventData} data who, for which order, when */
function small({ kind, payment, at }) {
  const parts = [
    kind === "declined" ? payment?.merchant_name : null,
    payment?.order ? say(text.order, { order: payment.order }) : null,
    timeOf(at),
  ];
  return parts.filter(Boolean).join(" · ");
}
