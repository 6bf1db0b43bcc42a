/**
 * An amount as it is keyed in: digits from the right, as every till does it. It stays a
 * whole number of minor units from the first key to the wire.
 */

// 9,999,999.99: more than any sale, and far below where a number loses its last digit.
const DIGITS_MAX = 9;

export class Digits {
  #digits = "";

  /** @param {string} more one digit or "00" */
  press(more) {
    const next = (this.#digits + more).replace(/^0+/, "");
    if (next.length <= DIGITS_MAX) this.#digits = next;
  }

  erase() {
    this.#digits = this.#digits.slice(0, -1);
  }

  clear() {
    this.#digits = "";
  }

  get minor() {
    return Number(this.#digits || "0");
  }
}
