/**
 * A QR code (ISO/IEC 18004), drawn on the phone, because no server is there to draw it.
 *
 * Only what a frame of an allowance needs: alphanumeric mode, level M, versions 10 to 18, and one
 * fixed mask. Any of the eight masks may be read; the search for the prettiest costs eight drawings.
 */

import { ALPHABET } from "./base45.js";

const MASK = 3;
const QUIET = 4;

/**
 * Level M, by version: correction words of a block, then blocks and data words of each group; and
 * the centres of the alignment patterns (tables 9 and E.1).
 * @type {Record<number, {words: number, blocks: number[][], centres: number[]}>}
 */
const VERSIONS = {
  10: { words: 26, blocks: [[4, 43], [1, 44]], centres: [6, 28, 50] },
  11: { words: 30, blocks: [[1, 50], [4, 51]], centres: [6, 30, 54] },
  12: { words: 22, blocks: [[6, 36], [2, 37]], centres: [6, 32, 58] },
  13: { words: 22, blocks: [[8, 37], [1, 38]], centres: [6, 34, 62] },
  14: { words: 24, blocks: [[4, 40], [5, 41]], centres: [6, 26, 46, 66] },
  15: { words: 24, blocks: [[5, 41], [5, 42]], centres: [6, 26, 48, 70] },
  16: { words: 28, blocks: [[7, 45], [3, 46]], centres: [6, 26, 50, 74] },
  17: { words: 28, blocks: [[10, 46], [1, 47]], centres: [6, 30, 54, 78] },
  18: { words: 26, blocks: [[9, 43], [4, 44]], centres: [6, 30, 56, 82] },
};

/** @param {string} text of base45's characters @returns {string} an SVG document */
export function drawQr(text) {
  const { version, data } = encoded(text);
  const matrix = new Matrix(version);
  matrix.place(interleaved(data, VERSIONS[version]));
  const side = matrix.side + 2 * QUIET;
  let path = "";
  matrix.dark.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (dark) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" ` +
    `shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="#fff"/>` +
    `<path fill="#000" d="${path}"/></svg>`
  );
}

/** @param {string} text @returns {{version: number, data: number[]}} data words, padded */
function encoded(text) {
  const bits = new Bits();
  bits.put(0b0010, 4);
  bits.put(text.length, 11);
  for (let at = 0; at < text.length; at += 2) {
    const first = ALPHABET.indexOf(text[at]);
    if (at + 1 < text.length) bits.put(first * 45 + ALPHABET.indexOf(text[at + 1]), 11);
    else bits.put(first, 6);
  }
  for (const [name, { blocks }] of Object.entries(VERSIONS)) {
    const room = blocks.reduce((sum, [count, words]) => sum + count * words, 0);
    if (bits.length <= room * 8) return { version: Number(name), data: bits.padded(room) };
  }
  throw new Error("the text is too long for one code");
}

class Bits {
  #bits = /** @type {number[]} */ ([]);

  get length() {
    return this.#bits.length;
  }

  /** @param {number} value @param {number} count */
  put(value, count) {
    for (let place = count - 1; place >= 0; place--) this.#bits.push((value >> place) & 1);
  }

  /** @param {number} words @returns {number[]} ended, and filled up as the standard wants */
  padded(words) {
    this.put(0, Math.min(4, words * 8 - this.length));
    this.put(0, (8 - (this.length % 8)) % 8);
    for (let turn = 0; this.length < words * 8; turn++) this.put(turn % 2 ? 0x11 : 0xec, 8);
    const data = [];
    for (let at = 0; at < words * 8; at += 8) {
      data.push(this.#bits.slice(at, at + 8).reduce((value, bit) => value * 2 + bit, 0));
    }
    return data;
  }
}

/** Multiplication in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let place = 7; place >= 0; place--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> place) & 1) * a;
  }
  return product;
}

/** The generator polynomial of so many correction words. @param {number} count */
function generator(count) {
  const found = Array(count).fill(0);
  found[count - 1] = 1;
  let root = 1;
  for (let turn = 0; turn < count; turn++) {
    for (let at = 0; at < count; at++) {
      found[at] = times(found[at], root) ^ (found[at + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return found;
}

/** @param {number[]} data @param {number[]} divisor */
function correction(data, divisor) {
  const rest = Array(divisor.length).fill(0);
  for (const word of data) {
    const factor = word ^ rest.shift();
    rest.push(0);
    divisor.forEach((part, at) => (rest[at] ^= times(part, factor)));
  }
  return rest;
}

/** @param {number[]} data @param {{words: number, blocks: number[][]}} form */
function interleaved(data, { words, blocks }) {
  const divisor = generator(words);
  const cut = [];
  let at = 0;
  for (const [count, length] of blocks) {
    for (let block = 0; block < count; block++, at += length) {
      const part = data.slice(at, at + length);
      cut.push({ part, check: correction(part, divisor) });
    }
  }
  const longest = Math.max(...cut.map(({ part }) => part.length));
  const all = [];
  for (let place = 0; place < longest; place++) {
    for (const { part } of cut) if (place < part.length) all.push(part[place]);
  }
  for (let place = 0; place < words; place++) for (const { check } of cut) all.push(check[place]);
  return all;
}

class Matrix {
  /** @param {number} version */
  constructor(version) {
    this.side = version * 4 + 17;
    this.dark = Array.from({ length: this.side }, () => Array(this.side).fill(false));
    this.fixed = Array.from({ length: this.side }, () => Array(this.side).fill(false));
    for (let at = 0; at < this.side; at++) {
      this.#set(6, at, at % 2 === 0);
      this.#set(at, 6, at % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [this.side - 4, 3], [3, this.side - 4]]) this.#finder(x, y);
    this.#alignments(VERSIONS[version].centres);
    this.#format();
    this.#version(version);
  }

  /** @param {number} x @param {number} y @param {boolean} dark */
  #set(x, y, dark) {
    this.dark[y][x] = dark;
    this.fixed[y][x] = true;
  }

  /** @param {number} x @param {number} y */
  #finder(x, y) {
    for (let down = -4; down <= 4; down++) {
      for (let right = -4; right <= 4; right++) {
        const ring = Math.max(Math.abs(down), Math.abs(right));
        const inside = [x + right, y + down].every((at) => at >= 0 && at < this.side);
        if (inside) this.#set(x + right, y + down, ring !== 2 && ring !== 4);
      }
    }
  }

  /** @param {number[]} centres */
  #alignments(centres) {
    const last = centres[centres.length - 1];
    for (const y of centres) {
      for (const x of centres) {
        if ((x === 6 && (y === 6 || y === last)) || (y === 6 && x === last)) continue;
        for (let down = -2; down <= 2; down++) {
          for (let right = -2; right <= 2; right++) {
            const ring = Math.max(Math.abs(down), Math.abs(right));
            this.#set(x + right, y + down, ring !== 1);
          }
        }
      }
    }
  }

  /** Level M and the mask, twice (section 7.9). */
  #format() {
    const data = MASK;
    const bits = ((data << 10) | remainder(data, 10, 0x537)) ^ 0x5412;
    const bit = (/** @type {number} */ place) => ((bits >> place) & 1) === 1;
    for (let place = 0; place <= 5; place++) this.#set(8, place, bit(place));
    this.#set(8, 7, bit(6));
    this.#set(8, 8, bit(7));
    this.#set(7, 8, bit(8));
    for (let place = 9; place < 15; place++) this.#set(14 - place, 8, bit(place));
    for (let place = 0; place < 8; place++) this.#set(this.side - 1 - place, 8, bit(place));
    for (let place = 8; place < 15; place++) this.#set(8, this.side - 15 + place, bit(place));
    this.#set(8, this.side - 8, true);
  }

  /** Twice (section 7.10). @param {number} version */
  #version(version) {
    const bits = (version << 12) | remainder(version, 12, 0x1f25);
    for (let place = 0; place < 18; place++) {
      const dark = ((bits >> place) & 1) === 1;
      const far = this.side - 11 + (place % 3);
      const near = Math.floor(place / 3);
      this.#set(far, near, dark);
      this.#set(near, far, dark);
    }
  }

  /** In pairs of columns from the right, up and down (section 7.7.3). @param {number[]} words */
  place(words) {
    let at = 0;
    for (let right = this.side - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < this.side; step++) {
        const up = ((right + 1) & 2) === 0;
        const y = up ? this.side - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.fixed[y][x]) continue;
          const bit = ((words[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
          this.dark[y][x] = (bit === 1) !== ((x + y) % 3 === 0);
          at++;
        }
      }
    }
  }
}

/** Of the BCH codes. @param {number} data @param {number} count @param {number} polynomial */
function remainder(data, count, polynomial) {
  let rest = data;
  for (let turn = 0; turn < count; turn++) {
    rest = (rest << 1) ^ ((rest >> (count - 1)) * polynomial);
  }
  return rest;
}
