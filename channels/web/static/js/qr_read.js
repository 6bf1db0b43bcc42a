/**
 * QR codes in a frame, read on the device: for browsers that cannot do so themselves, which are all
 * on iPhones and most on desks. Written after ISO/IEC 18004, sections 12 and 13.
 */

import { cornersOf, distance, findersOf } from "./qr_finders.js";
import { Frame } from "./qr_frame.js";
import { readMatrix } from "./qr_matrix.js";
import { VERSION_MAX, sideOf } from "./qr_tables.js";

/** @typedef {import("./qr_finders.js").Point} Point */
/** @typedef {import("./qr_finders.js").Corners} Corners */

// A frame is looked at seven times a second: a hopeless one must not take all of it.
const TRIES_MAX = 24;

/** The alignment pattern: dark, light, dark in rings, five modules wide. */
const RINGS = [-2, -1, 0, 1, 2];
const RINGS_RIGHT_MIN = 21; // of 25

/** @param {ImageData} image @returns {string[]} the texts of the codes in it */
export function readCodes(image) {
  const frame = new Frame(image);
  const used = new Set();
  const texts = [];
  for (const corners of cornersOf(findersOf(frame)).slice(0, TRIES_MAX)) {
    const three = [corners.corner, corners.right, corners.below];
    if (three.some((finder) => used.has(finder))) continue;
    const text = readAt(frame, corners);
    if (text === null) continue;
    texts.push(text);
    for (const finder of three) used.add(finder);
  }
  return texts;
}

/** @param {Frame} frame @param {Corners} corners @returns {?string} */
function readAt(frame, corners) {
  const { corner, right, below } = corners;
  const leg = distance(corner, right);
  // Modules were measured along the lines of the frame: a code that is turned looks wider there.
  const turned = Math.max(Math.abs(right.x - corner.x), Math.abs(right.y - corner.y)) / leg;
  const module = ((corner.module + right.module + below.module) / 3) * turned;
  const across = (leg + distance(corner, below)) / 2 / module + 7;
  const guess = Math.round((across - 17) / 4);
  for (const version of [guess, guess + 1, guess - 1, guess + 2]) {
    if (version < 1 || version > VERSION_MAX) continue;
    const side = sideOf(version);
    for (const place of placements(frame, corners, side)) {
      const text = readMatrix((x, y) => {
        const { x: column, y: row } = place(x + 0.5, y + 0.5);
        return frame.isDark(column, row);
      }, side);
      if (text !== null) return text;
    }
  }
  return null;
}

/**
 * From modules to pixels: as seen at an angle when the fourth corner's pattern is found, and else as
 * seen from the front. @param {Frame} frame @param {Corners} corners @param {number} side
 */
function* placements(frame, corners, side) {
  const { corner, right, below } = corners;
  const span = side - 7;
  const u = { x: (right.x - corner.x) / span, y: (right.y - corner.y) / span };
  const v = { x: (below.x - corner.x) / span, y: (below.y - corner.y) / span };
  const flat = (/** @type {number} */ x, /** @type {number} */ y) => ({
    x: corner.x + u.x * (x - 3.5) + v.x * (y - 3.5),
    y: corner.y + u.y * (x - 3.5) + v.y * (y - 3.5),
  });
  const fourth = side > 21 ? alignmentNear(frame, flat(side - 6.5, side - 6.5), { u, v, side }) : null;
  if (fourth !== null) yield perspective(corners, fourth, side);
  yield flat;
}

/**
 * The place around here that looks most like an alignment pattern.
 * @param {Frame} frame @param {Point} near @param {{u: Point, v: Point, side: number}} axes
 * @returns {?Point}
 */
function alignmentNear(frame, near, { u, v, side }) {
  const reach = 3 + side / 10;
  let best = RINGS_RIGHT_MIN - 1;
  const sum = { x: 0, y: 0, count: 0 };
  for (let down = -reach; down <= reach; down += 0.34) {
    for (let along = -reach; along <= reach; along += 0.34) {
      const at = { x: near.x + u.x * along + v.x * down, y: near.y + u.y * along + v.y * down };
      const right = ringsRight(frame, at, u, v);
      if (right < best || right < RINGS_RIGHT_MIN) continue;
      if (right > best) Object.assign(sum, { x: 0, y: 0, count: 0 });
      best = right;
      sum.x += at.x;
      sum.y += at.y;
      sum.count += 1;
    }
  }
  return sum.count ? { x: sum.x / sum.count, y: sum.y / sum.count } : null;
}

/** @param {Frame} frame @param {Point} at @param {Point} u @param {Point} v */
function ringsRight(frame, at, u, v) {
  let right = 0;
  for (const y of RINGS) {
    for (const x of RINGS) {
      const dark = Math.max(Math.abs(x), Math.abs(y)) !== 1;
      const column = at.x + u.x * x + v.x * y;
      const row = at.y + u.y * x + v.y * y;
      if (frame.isDark(column, row) === dark) right += 1;
    }
  }
  return right;
}

/**
 * The square of the four patterns' middles as a camera sees it (a projective map of four points).
 * @param {Corners} corners @param {Point} fourth the middle of the alignment pattern
 * @param {number} side
 */
function perspective({ corner, right, below }, fourth, side) {
  // On the square (0,0) (1,0) (0,1), the alignment pattern stands three modules inside (1,1).
  const inside = (side - 10) / (side - 7);
  const s = solve(corner, right, below, fourth, inside);
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const along = (x - 3.5) / (side - 7);
    const down = (y - 3.5) / (side - 7);
    const depth = s.g * along + s.h * down + 1;
    return {
      x: (s.a * along + s.b * down + corner.x) / depth,
      y: (s.d * along + s.e * down + corner.y) / depth,
    };
  };
}

/**
 * x = (a·s + b·t + c) / (g·s + h·t + 1), and y likewise with d, e, f: g and h from the fourth point.
 * @param {Point} corner @param {Point} right @param {Point} below @param {Point} fourth
 * @param {number} inside where the fourth point is, along both axes
 */
function solve(corner, right, below, fourth, inside) {
  // With a = right.x·(1+g) − corner.x and so on, the fourth point leaves two linear equations.
  const gx = inside * (right.x - fourth.x);
  const hx = inside * (below.x - fourth.x);
  const gy = inside * (right.y - fourth.y);
  const hy = inside * (below.y - fourth.y);
  const wantX = fourth.x - corner.x - inside * (right.x + below.x - 2 * corner.x);
  const wantY = fourth.y - corner.y - inside * (right.y + below.y - 2 * corner.y);
  const whole = gx * hy - hx * gy;
  const g = whole === 0 ? 0 : (wantX * hy - hx * wantY) / whole;
  const h = whole === 0 ? 0 : (gx * wantY - wantX * gy) / whole;
  return {
    a: right.x * (1 + g) - corner.x,
    b: below.x * (1 + h) - corner.x,
    d: right.y * (1 + g) - corner.y,
    e: below.y * (1 + h) - corner.y,
    g,
    h,
  };
}
