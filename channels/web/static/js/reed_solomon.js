/**
 * Words that were misread, found and put right: Reed–Solomon over GF(256) modulo x^8 + x^4 + x^3 +
 * x^2 + 1 (ISO/IEC 18004, section 7.5.2). Of so many correction words, half as many errors.
 */

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ ((value >> 7) * 0x11d);
}

/** @param {number} a @param {number} b */
function times(a, b) {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a] + LOG[b]];
}

/** @param {number} a @param {number} b not 0 */
function over(a, b) {
  return a === 0 ? 0 : EXP[LOG[a] + 255 - LOG[b]];
}

/** Lowest power first. @param {number[]} polynomial @param {number} x */
function valueAt(polynomial, x) {
  return polynomial.reduceRight((sum, factor) => times(sum, x) ^ factor, 0);
}

/**
 * @param {number[]} block data words, then correction words; put right in place
 * @param {number} words how many of them are correction
 * @returns {boolean} whether it is right now
 */
export function correct(block, words) {
  const syndromes = Array.from({ length: words }, (_, power) =>
    block.reduce((sum, word) => times(sum, EXP[power]) ^ word, 0),
  );
  if (syndromes.every((syndrome) => syndrome === 0)) return true;
  const locator = locatorOf(syndromes);
  const errors = locator.length - 1;
  if (errors * 2 > words) return false;
  const places = placesOf(locator, block.length);
  if (places.length !== errors) return false;
  const evaluator = syndromes.map((_, at) =>
    locator.slice(0, at + 1).reduce((sum, factor, power) => sum ^ times(factor, syndromes[at - power]), 0),
  );
  // Forney: the magnitude of each error, by the derivative of the locator.
  const slope = locator.map((factor, power) => (power % 2 ? factor : 0)).slice(1);
  for (const place of places) {
    const inverse = EXP[(255 - place) % 255];
    const magnitude = over(valueAt(evaluator.slice(0, errors), inverse), valueAt(slope, inverse));
    block[block.length - 1 - place] ^= times(magnitude, EXP[place]);
  }
  return true;
}

/** Berlekamp–Massey. @param {number[]} syndromes */
function locatorOf(syndromes) {
  let locator = [1];
  let before = [1];
  let discrepancyBefore = 1;
  let errors = 0;
  let since = 1;
  for (let at = 0; at < syndromes.length; at++) {
    let discrepancy = 0;
    for (let power = 0; power <= errors; power++) {
      discrepancy ^= times(locator[power] ?? 0, syndromes[at - power]);
    }
    if (discrepancy === 0) {
      since += 1;
      continue;
    }
    const factor = over(discrepancy, discrepancyBefore);
    const next = [...locator];
    before.forEach((term, power) => {
      next[power + since] = (next[power + since] ?? 0) ^ times(term, factor);
    });
    for (let power = 0; power < next.length; power++) next[power] ??= 0;
    if (2 * errors <= at) {
      [before, discrepancyBefore, errors, since] = [locator, discrepancy, at + 1 - errors, 1];
    } else since += 1;
    locator = next;
  }
  while (locator.at(-1) === 0) locator.pop();
  return locator;
}

/** Chien: which powers are roots. @param {number[]} locator @param {number} length */
function placesOf(locator, length) {
  const places = [];
  for (let place = 0; place < length; place++) {
    if (valueAt(locator, EXP[(255 - place) % 255]) === 0) places.push(place);
  }
  return places;
}
