/**
 * A payment by its receipt: scanned from the paper or typed, of any day and any till of this
 * merchant. Found, it is offered for what may still be done to it.
 */

import { till as text } from "../text/till.js";
import { isFailedCall, Problem } from "./api.js";
import { byId } from "./dom.js";
import { refundable } from "./today.js";

/** @typedef {import("./wire.js").Payment} Payment */

const PAYMENT = /pay_[a-z2-7]{32}/;

export class ReceiptFind {
  /**
   * @param {import("./api.js").Api} api
   * @param {(payment: Payment, act: ?import("./today.js").Act) => void} onFound
   */
  constructor(api, onFound) {
    this.api = api;
    this.onFound = onFound;
    this.field = byId("receipt");
    byId("find").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#find();
    };
  }

  async #find() {
    const id = PAYMENT.exec(this.field.value)?.[0];
    // What was scanned by mistake may be a customer's code: it does not stay on the screen.
    this.field.value = "";
    if (!id) return this.#say(text.notAReceipt);
    try {
      const payment = await this.api.get(`/v1/payments/${id}`);
      const act = actFor(payment);
      this.#say(act ? "" : text.nothingLeft);
      this.onFound(payment, act);
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      this.#say(error instanceof Problem ? error.message : text.noAnswerNow);
    }
  }

  /** @param {string} says */
  #say(says) {
    byId("find-says").textContent = says;
  }
}

/** @param {Payment} payment @returns {?import("./today.js").Act} */
function actFor(payment) {
  if (refundable(payment) > 0) return "refund";
  return payment.remaining_minor > 0 ? "void" : null;
}
