/** The bits of a code as text: digits, the 45 characters, or bytes (ISO/IEC 18004, section 7.4). */

import { ALPHABET } from "./base45.js";

const MODES = { end: 0, digits: 1, alphanumeric: 2, bytes: 4, language: 7 };

export class BitReader {
  #at = 0;

  /** @param {number[]} words */
  constructor(words) {
    this.words = words;
  }

  get left() {
    return this.words.length * 8 - this.#at;
  }

  /** @param {number} count */
  take(count) {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      value = value * 2 + ((this.words[this.#at >> 3] >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }
}

/** @param {BitReader} bits @param {number} version @returns {?string} null in a mode unknown here */
export function textOf(bits, version) {
  const wide = version >= 10;
  let text = "";
  while (bits.left >= 4) {
    const mode = bits.take(4);
    if (mode === MODES.end) return text;
    if (mode === MODES.digits) text += digits(bits, bits.take(wide ? 12 : 10));
    else if (mode === MODES.alphanumeric) text += alphanumeric(bits, bits.take(wide ? 11 : 9));
    else if (mode === MODES.bytes) text += bytes(bits, bits.take(wide ? 16 : 8));
    // Says which alphabet the bytes are of. Codes in the field say UTF-8, or nothing and mean it.
    else if (mode === MODES.language) bits.take(8);
    else return null;
    if (bits.left < 0) return null;
  }
  return text;
}

/** @param {BitReader} bits @param {number} count */
function digits(bits, count) {
  let text = "";
  for (let left = count; left > 0; left -= 3) {
    const length = Math.min(3, left);
    text += String(bits.take([0, 4, 7, 10][length])).padStart(length, "0");
  }
  return text;
}

/** @param {BitReader} bits @param {number} count */
function alphanumeric(bits, count) {
  let text = "";
  for (let left = count; left > 1; left -= 2) {
    const pair = bits.take(11);
    text += ALPHABET[Math.floor(pair / 45)] + ALPHABET[pair % 45];
  }
  return count % 2 ? text + ALPHABET[bits.take(6)] : text;
}

/** @param {BitReader} bits @param {number} count */
function bytes(bits, count) {
  const read = Uint8Array.from({ length: Math.min(count, bits.left >> 3) }, () => bits.take(8));
  return new TextDecoder().decode(read);
}
