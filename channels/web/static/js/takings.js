/**
 * The payments of this merchant that the tab knows of. The gateway tells each as it happens;
 * after a reload the stream goes on from the last event that was kept here with them.
 */

import { dayNumber } from "./times.js";

/** @typedef {import("./wire.js").Payment} Payment */
/** @typedef {{currency: string, taken: bigint, refunded: bigint, held: bigint}} Total */

const KEPT = 300; // sessionStorage has 5 MB; a payment has half a kilobyte

export class Takings {
  /** @param {string} merchant */
  constructor(merchant) {
    this.slot = `airside.takings.${merchant}`;
    const kept = JSON.parse(sessionStorage.getItem(this.slot) ?? "null");
    /** @type {Map<string, Payment>} */
    this.payments = new Map((kept?.payments ?? []).map((/** @type {Payment} */ p) => [p.id, p]));
    /** @type {?string} the last event read */
    this.lastId = kept?.lastId ?? null;
  }

  /** @param {Payment} payment as it is now @param {?string} [eventId] */
  learn(payment, eventId = null) {
    this.payments.set(payment.id, payment);
    this.lastId = eventId ?? this.lastId;
    const oldest = this.newestFirst().slice(KEPT);
    for (const { id } of oldest) this.payments.delete(id);
    const kept = { lastId: this.lastId, payments: [...this.payments.values()] };
    sessionStorage.setItem(this.slot, JSON.stringify(kept));
  }

  /** @returns {Payment[]} */
  newestFirst() {
    return [...this.payments.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  /** @param {Date} now @returns {Payment[]} newest first */
  today(now) {
    return this.newestFirst().filter((payment) => dayNumber(payment.at) === dayNumber(now));
  }
}

/** @param {Payment[]} payments @returns {Total[]} by currency */
export function totalsOf(payments) {
  /** @type {Map<string, Total>} */
  const totals = new Map();
  // Oldest first, so that the currencies keep their places all day.
  for (const payment of [...payments].reverse()) {
    const { status, amount, captured_minor, refunded_minor, remaining_minor } = payment;
    if (status === "declined") continue;
    const { currency } = amount;
    const total = totals.get(currency) ?? { currency, taken: 0n, refunded: 0n, held: 0n };
    total.taken += BigInt(captured_minor);
    total.refunded += BigInt(refunded_minor);
    total.held += BigInt(remaining_minor);
    totals.set(currency, total);
  }
  return [...totals.values()];
}
