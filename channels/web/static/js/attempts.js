/**
 * Attempts whose outcome is not known yet. They outlive a reload: an attempt that a till
 * forgot could still take the customer's money for goods that were never handed over.
 *
 * They are kept for whoever made them. The gateway knows an attempt by its caller and its
 * key, so asked by somebody else it would truly say that there is none.
 */

import { newKey } from "./keys.js";

/** @typedef {{key: string, reverseKey: string, amount: import("./wire.js").Amount,
 *   order: string, capture: "automatic"|"manual", code: string}} Attempt */

/**
 * @param {{amount: import("./wire.js").Amount, order: string, holdOnly: boolean}} sale
 * @param {string} code
 * @returns {Attempt}
 */
export function newAttempt({ amount, order, holdOnly }, code) {
  const capture = holdOnly ? "manual" : "automatic";
  return { key: newKey("till"), reverseKey: newKey("undo"), amount, order, capture, code };
}

export class Attempts {
  /** @param {string} principal */
  constructor(principal) {
    this.slot = `airside.attempts.${principal}`;
  }

  /** @returns {Attempt[]} */
  get open() {
    return JSON.parse(sessionStorage.getItem(this.slot) ?? "[]");
  }

  /** Before anything is sent. @param {Attempt} attempt */
  remember(attempt) {
    sessionStorage.setItem(this.slot, JSON.stringify([...this.open, attempt]));
  }

  /** Once the outcome is known. @param {Attempt} attempt */
  forget(attempt) {
    const others = this.open.filter((other) => other.key !== attempt.key);
    sessionStorage.setItem(this.slot, JSON.stringify(others));
  }
}
