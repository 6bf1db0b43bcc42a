/** Order references for a till that has no others: short, and hard to mishear. */

// No vowels, so no words; no 0, 1, I, L, O, U, so nothing looks or sounds like another.
const LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ";
const LENGTH = 7; // 27^7: a till may make thousands a day for years before two are equal

/** @returns {string} like "K4QX-7M2" */
export function newOrder() {
  const random = crypto.getRandomValues(new Uint32Array(LENGTH));
  const text = [...random].map((number) => LETTERS[number % LETTERS.length]).join("");
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}
