/**
 * A hand scanner is a keyboard that is very fast: it types what it reads, and Enter. Outside a
 * field its keys must not be taken for a cashier's, or the digits in a code would become an
 * amount. A code begins with a letter, and a scanner leaves little time between its keys.
 */

// The slowest wireless scanners take a tenth of a second for a key. A cashier who strikes a letter
// by mistake loses the digits of the next moment, and sees it.
const GAP_MAX_MS = 200;

/** What every consumer-presented code begins with (EMV QRCPS CPM 4.1, "CPV" in base64). */
const CODE_PREFIX = "hQVDUFY";

/** @param {string} text */
export function looksLikeCode(text) {
  return text.startsWith(CODE_PREFIX);
}

export class Wedge {
  #typed = "";
  #last_ms = 0;

  /**
   * @param {KeyboardEvent} event
   * @returns {{ours: boolean, code: ?string}} ours: a scanner's key, nobody else's
   */
  key(event) {
    if (event.timeStamp - this.#last_ms > GAP_MAX_MS) this.#typed = "";
    this.#last_ms = event.timeStamp;
    if (event.key === "Enter") return this.#end();
    if (event.key.length !== 1) return { ours: false, code: null };
    const begun = this.#typed !== "" || /[a-z]/i.test(event.key);
    if (begun) this.#typed += event.key;
    return { ours: begun, code: null };
  }

  #end() {
    const typed = this.#typed;
    this.#typed = "";
    return { ours: typed !== "", code: looksLikeCode(typed) ? typed : null };
  }
}
