/**
 * How a QR code is laid out, by its version (ISO/IEC 18004: tables 1, 9 and E.1): its side, the
 * modules that carry no data, and how data and correction words are divided into blocks.
 */

/** @typedef {"L"|"M"|"Q"|"H"} Level */
/** @typedef {{data: number, words: number}[]} Blocks data words and correction words of each */

// 97 modules: a phone at arm's length shows no finer ones.
export const VERSION_MAX = 20;

/** Correction words of a block, versions 1 to 20. @type {Record<Level, number[]>} */
const CORRECTION = {
  L: [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28],
  M: [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26],
  Q: [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30],
  H: [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28],
};

/** Blocks, versions 1 to 20. @type {Record<Level, number[]>} */
const COUNT = {
  L: [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8],
  M: [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16],
  Q: [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20],
  H: [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25],
};

/** @param {number} version */
export function sideOf(version) {
  return version * 4 + 17;
}

/** Of the alignment patterns, along either axis. @param {number} version @returns {number[]} */
export function centresOf(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  const last = sideOf(version) - 7;
  const others = Array.from({ length: count - 1 }, (_, at) => last - at * step);
  return [6, ...others.reverse()];
}

/** The blocks, short ones first. @param {number} version @param {Level} level @returns {Blocks} */
export function blocksOf(version, level) {
  const words = CORRECTION[level][version - 1];
  const count = COUNT[level][version - 1];
  const data = Math.floor(modulesOf(version) / 8) - words * count;
  const short = Math.floor(data / count);
  return Array.from({ length: count }, (_, at) => ({
    data: short + (at >= count - (data % count) ? 1 : 0),
    words,
  }));
}

/** How many modules carry data, correction and the rest. @param {number} version */
function modulesOf(version) {
  const centres = centresOf(version).length;
  const alignment = centres === 0 ? 0 : (25 * centres - 10) * centres - 55;
  const versionMarks = version >= 7 ? 36 : 0;
  return (16 * version + 128) * version + 64 - alignment - versionMarks;
}

/** Whether a module is part of a pattern or a mark. @param {number} version */
export function fixedModules(version) {
  const side = sideOf(version);
  const centres = centresOf(version);
  const last = centres.length - 1;
  /** @type {(x: number, y: number) => boolean} */
  const aligned = (x, y) =>
    centres.some((cx, column) =>
      centres.some((cy, row) => {
        const finder = (column === 0 && row % last === 0) || (column === last && row === 0);
        return !finder && Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2;
      }),
    );
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    if (x === 6 || y === 6) return true;
    if ((x < 9 && (y < 9 || y >= side - 8)) || (x >= side - 8 && y < 9)) return true;
    if (version >= 7 && x < 6 && y >= side - 11) return true;
    if (version >= 7 && y < 6 && x >= side - 11) return true;
    return aligned(x, y);
  };
}
