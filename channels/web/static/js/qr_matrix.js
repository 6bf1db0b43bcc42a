/** From the modules of a code to its text (ISO/IEC 18004, section 12, from step f on). */

import { BitReader, textOf } from "./qr_text.js";
import { VERSION_MAX, blocksOf, fixedModules } from "./qr_tables.js";
import { correct } from "./reed_solomon.js";

/** @typedef {(x: number, y: number) => boolean} Dark of a module */

const FORMAT_MASK = 0x5412;
// Five bits that ten others guard: up to three of the fifteen may be wrong (annex C).
const FORMAT_ERRORS_MAX = 3;
const LEVELS = /** @type {const} */ (["M", "L", "H", "Q"]);

/** By the number of the mask (table 10). @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** @param {Dark} dark @param {number} side @returns {?string} null when it is no code that is read */
export function readMatrix(dark, side) {
  const version = (side - 17) / 4;
  const format = formatOf(dark, side);
  if (format === null || version > VERSION_MAX) return null;
  const words = wordsOf(dark, version, MASKS[format & 7]);
  const data = dataOf(words, version, LEVELS[format >> 3]);
  return data === null ? null : textOf(new BitReader(data), version);
}

/** Level and mask: the nearest of the 32. @param {Dark} dark @param {number} side */
function formatOf(dark, side) {
  let read = 0;
  const put = (/** @type {number} */ x, /** @type {number} */ y) => {
    read = (read << 1) | Number(dark(x, y));
  };
  for (let x = 0; x <= 5; x++) put(x, 8);
  put(7, 8);
  put(8, 8);
  put(8, 7);
  for (let y = 5; y >= 0; y--) put(8, y);
  const first = nearest(read);
  if (first !== null) return first;
  read = 0;
  for (let y = side - 1; y >= side - 7; y--) put(8, y);
  for (let x = side - 8; x < side; x++) put(x, 8);
  return nearest(read);
}

/** @param {number} read */
function nearest(read) {
  for (let format = 0; format < 32; format++) {
    let rest = format;
    for (let turn = 0; turn < 10; turn++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    let wrong = (((format << 10) | (rest & 0x3ff)) ^ FORMAT_MASK) ^ read;
    let errors = 0;
    for (; wrong; wrong &= wrong - 1) errors += 1;
    if (errors <= FORMAT_ERRORS_MAX) return format;
  }
  return null;
}

/** In pairs of columns from the right, up and down. @param {Dark} dark @param {number} version
 *  @param {(x: number, y: number) => boolean} mask */
function wordsOf(dark, version, mask) {
  const side = version * 4 + 17;
  const isFixed = fixedModules(version);
  const words = [];
  let word = 0;
  let bits = 0;
  let up = true;
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < side; step++) {
      const y = up ? side - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (isFixed(x, y)) continue;
        word = (word << 1) | Number(dark(x, y) !== mask(x, y));
        bits += 1;
        if (bits === 8) {
          words.push(word);
          word = bits = 0;
        }
      }
    }
    up = !up;
  }
  return words;
}

/** Blocks taken apart, put right, and their data joined. @param {number[]} words
 *  @param {number} version @param {import("./qr_tables.js").Level} level */
function dataOf(words, version, level) {
  const forms = blocksOf(version, level);
  const blocks = forms.map(() => /** @type {number[]} */ ([]));
  let next = 0;
  const longest = forms[forms.length - 1].data;
  for (let place = 0; place < longest; place++) {
    forms.forEach(({ data }, at) => {
      if (place < data) blocks[at].push(words[next++]);
    });
  }
  for (let place = 0; place < forms[0].words; place++) {
    for (const block of blocks) block.push(words[next++]);
  }
  const right = blocks.every((block, at) => correct(block, forms[at].words));
  return right ? blocks.flatMap((block, at) => block.slice(0, forms[at].data)) : null;
}
