/**
 * Attempts whose outcome is not known yet. They outlive a reload: an attempt that a till
 * forgot could still take the customer's money for goods that were never handed over.
 */

import { newKey } from "./keys.js";

/** @typedef {{key: string, reverseKey: string, amount: import("./wire.js").Amount,
 *   order: string, capture: "automatic"|"manual", code: string}} Attempt */

const SLOT = "airside.attempts";

/**
 * @param {{amount: import("./wire.js").Amount, order: string, holdOnly: boolean}} sale
 * @param {string} code
 * @returns {Attempt}
 */
export function newAttempt({ amount, order, holdOnly }, code) {
  const capture = holdOnly ? "manual" : "automatic";
  return { key: newKey("till"), reverseKey: newKey("undo"), amount, order, capture, code };
}

/** @returns {Attempt[]} */
export function openAttempts() {
  return JSON.parse(sessionStorage.getItem(SLOT) ?? "[]");
}

/** Before anything is sent. @param {Attempt} attempt */
export function remember(attempt) {
  sessionStorage.setItem(SLOT, JSON.stringify([...openAttempts(), attempt]));
}

/** Once the outcome is known. @param {Attempt} attempt */
export function forget(attempt) {
  const others = openAttempts().filter((other) => other.key !== attempt.key);
  sessionStorage.setItem(SLOT, JSON.stringify(others));
}
