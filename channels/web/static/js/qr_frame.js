/** A camera's frame as dark and light: each pixel against the mean of what is around it. */

// A shadow across a code is wider than this share of the frame, a module is narrower.
const AROUND_SHARE = 10;
// Paper is not quite even: what is nearly as light as its surroundings is light.
const DARKER_BY = 6;

export class Frame {
  /** @param {ImageData} image */
  constructor({ data, width, height }) {
    this.width = width;
    this.height = height;
    this.#dark = threshold(greyOf(data), width, height);
  }

  #dark;

  /** @param {number} x @param {number} y whole or not; outside is light */
  isDark(x, y) {
    const column = Math.floor(x);
    const row = Math.floor(y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return false;
    return this.#dark[row * this.width + column] === 1;
  }
}

/** @param {Uint8ClampedArray} rgba */
function greyOf(rgba) {
  const grey = new Uint8Array(rgba.length / 4);
  for (let at = 0; at < grey.length; at++) {
    grey[at] = (rgba[at * 4] * 77 + rgba[at * 4 + 1] * 150 + rgba[at * 4 + 2] * 29) >> 8;
  }
  return grey;
}

/** @param {Uint8Array} grey @param {number} width @param {number} height */
function threshold(grey, width, height) {
  const sums = sumsOf(grey, width, height);
  const reach = Math.max(8, Math.floor(Math.max(width, height) / AROUND_SHARE / 2));
  const dark = new Uint8Array(grey.length);
  const row = width + 1;
  for (let y = 0; y < height; y++) {
    const top = Math.max(0, y - reach);
    const bottom = Math.min(height, y + reach + 1);
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - reach);
      const right = Math.min(width, x + reach + 1);
      const sum =
        sums[bottom * row + right] - sums[top * row + right] -
        sums[bottom * row + left] + sums[top * row + left];
      const count = (bottom - top) * (right - left);
      if ((grey[y * width + x] + DARKER_BY) * count < sum) dark[y * width + x] = 1;
    }
  }
  return dark;
}

/** Of everything above and to the left of each pixel. @param {Uint8Array} grey
 *  @param {number} width @param {number} height */
function sumsOf(grey, width, height) {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 1; y <= height; y++) {
    let line = 0;
    for (let x = 1; x <= width; x++) {
      line += grey[(y - 1) * width + x - 1];
      sums[y * (width + 1) + x] = sums[(y - 1) * (width + 1) + x] + line;
    }
  }
  return sums;
}
