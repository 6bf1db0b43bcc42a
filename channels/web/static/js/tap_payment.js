/**
 * Paying with a tap, once: an order, or what was scanned. The key is made at the first tap and kept
 * until its outcome is known: a double tap, a reload and a retry are all the same payment. Only
 * after a decline is a new tap a new attempt.
 */

import { declineText } from "../text/declines.js";
import { Problem, isBusy, isUnknown } from "./api.js";
import { newKey } from "./keys.js";
import { backOffMs, pauseUnlessWoken } from "./pause.js";

const TRIES = 5;
const BACK_OFF_MAX_MS = 8_000;
const ANSWER_WITHIN_MS = 8_000;

/** @typedef {import("./wire.js").Payment} Payment */
/** @typedef {{end: "paid"|"declined"|"refused"|"unknown", payment: ?Payment, says: string,
 *   problem?: string}} End problem: the name of a refusal */

/** @param {import("./api.js").Api} api @param {{account: string, orderId: string}} what */
export function orderPayment(api, { account, orderId }) {
  return new TapPayment(api, {
    path: `/v1/orders/${encodeURIComponent(orderId)}/pay`,
    body: {},
    prefix: "order",
    slot: `airside.pay.${account}.${orderId}`,
  });
}

export class TapPayment {
  #running = /** @type {?Promise<End>} */ (null);

  /**
   * @param {import("./api.js").Api} api
   * @param {{path: string, body: object, prefix: string, slot: string}} what
   *   slot: where the key is kept, one for each thing that is paid
   */
  constructor(api, { path, body, prefix, slot }) {
    this.api = api;
    this.path = path;
    this.body = body;
    this.prefix = prefix;
    this.slot = slot;
  }

  /** Whether an earlier tap has no known outcome. */
  get isOpen() {
    return sessionStorage.getItem(this.slot) !== null;
  }

  /**
   * A second tap while the first is on its way waits for the first.
   * @param {() => void} onUnknown no answer so far; it is being asked again
   * @returns {Promise<End>}
   */
  tap(onUnknown) {
    this.#running ??= this.#pay(onUnknown).finally(() => (this.#running = null));
    return this.#running;
  }

  /** The outcome is known from elsewhere: an order itself says that it is paid. */
  settle() {
    sessionStorage.removeItem(this.slot);
  }

  /** @param {() => void} onUnknown @returns {Promise<End>} */
  async #pay(onUnknown) {
    const key = sessionStorage.getItem(this.slot) ?? newKey(this.prefix);
    sessionStorage.setItem(this.slot, key);
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      try {
        const end = await this.#ask(key);
        if (end !== null) return this.#ended(end);
        onUnknown();
      } catch (error) {
        if (isUnknown(error)) onUnknown();
        else if (!isBusy(error) || attempt === TRIES - 1) return this.#refused(error);
      }
      await pauseUnlessWoken(backOffMs(attempt, BACK_OFF_MAX_MS));
    }
    return { end: "unknown", payment: null, says: "" };
  }

  /** @param {string} key @returns {Promise<?End>} null: accepted, outcome not known yet */
  async #ask(key) {
    const how = { key, withinMs: ANSWER_WITHIN_MS };
    const { status, body } = await this.api.post(this.path, this.body, how);
    if (status === 202) return null;
    if (body.status !== "declined") return { end: "paid", payment: body, says: "" };
    return { end: "declined", payment: body, says: declineText(body.decline.reason) };
  }

  /** @param {End} end */
  #ended(end) {
    this.settle();
    return end;
  }

  /** @param {unknown} error @returns {End} */
  #refused(error) {
    if (!(error instanceof Problem)) throw error;
    const { name, message } = error;
    return this.#ended({ end: "refused", payment: null, says: message, problem: name });
  }
}
