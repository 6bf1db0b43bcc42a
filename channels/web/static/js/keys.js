/** Idempotency keys: one per intention, kept for as long as its outcome is not known. */

const RANDOM_BYTES = 16; // as much as a UUID: two tills never meet

/**
 * Not crypto.randomUUID: a phone that opens the page by a plain address has no such thing.
 * @param {string} prefix what the key is for, to be recognised in a log
 */
export function newKey(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return `${prefix}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
