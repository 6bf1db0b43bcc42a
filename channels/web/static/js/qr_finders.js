/**
 * Where the corners of codes are: the three squares that are dark, light, dark, light, dark in the
 * proportion 1 : 1 : 3 : 1 : 1 along every line through their middle.
 */

/** @typedef {import("./qr_frame.js").Frame} Frame */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {module: number, seen: number}} Finder module: its width in pixels */
/** @typedef {{corner: Finder, right: Finder, below: Finder}} Corners as the code is upright */

const RATIOS = [1, 1, 3, 1, 1];
// Seen from the side a module is narrower by half; blurred, a line is wider than another.
const OFF_BY_MODULES = 0.7;
// A true one is crossed by at least so many lines.
const SEEN_MIN = 2;
const FINDERS_MAX = 14;

/** @param {Frame} frame @returns {Finder[]} the most often seen first */
export function findersOf(frame) {
  /** @type {Finder[]} */
  const found = [];
  for (let y = 0; y < frame.height; y += 2) {
    for (const x of middles(frame, y)) {
      const finder = confirmed(frame, x, y);
      if (finder) join(found, finder);
    }
  }
  const true_ = found.filter(({ seen }) => seen >= SEEN_MIN);
  return true_.sort((a, b) => b.seen - a.seen).slice(0, FINDERS_MAX);
}

/** The middles of all runs on this line that are in proportion. @param {Frame} frame @param {number} y */
function* middles(frame, y) {
  const runs = [0, 0, 0, 0, 0];
  let dark = false;
  for (let x = 0; x <= frame.width; x++) {
    const now = x < frame.width && frame.isDark(x, y);
    if (now === dark) {
      runs[4] += 1;
      continue;
    }
    if (dark && moduleOf(runs) > 0) yield x - runs[4] - runs[3] - runs[2] / 2;
    runs.shift();
    runs.push(1);
    dark = now;
  }
}

/** @param {number[]} runs @returns {number} the width of a module, 0 when out of proportion */
function moduleOf(runs) {
  const module = runs.reduce((sum, run) => sum + run, 0) / 7;
  const near = runs.every(
    (run, at) => run > 0 && Math.abs(run - RATIOS[at] * module) < RATIOS[at] * module * OFF_BY_MODULES,
  );
  return near ? module : 0;
}

/** In proportion downwards too, and then across again. @param {Frame} frame @param {number} x
 *  @param {number} y @returns {?Finder} */
function confirmed(frame, x, y) {
  const down = across(frame, { x, y }, { x: 0, y: 1 });
  if (down === null) return null;
  const wide = across(frame, { x, y: y + down.shift }, { x: 1, y: 0 });
  if (wide === null) return null;
  if (Math.max(down.module, wide.module) > 2 * Math.min(down.module, wide.module)) return null;
  const module = (down.module + wide.module) / 2;
  return { x: x + wide.shift, y: y + down.shift, module, seen: 1 };
}

/** @param {Frame} frame @param {Point} from @param {Point} step
 *  @returns {?{module: number, shift: number}} shift: from here to the true middle */
function across(frame, from, step) {
  const [back, backEdge] = half(frame, from, { x: -step.x, y: -step.y });
  const [ahead, aheadEdge] = half(frame, from, step);
  if (back === null || ahead === null) return null;
  const runs = [back[2], back[1], back[0] + ahead[0] - 1, ahead[1], ahead[2]];
  const module = moduleOf(runs);
  return module === 0 ? null : { module, shift: (aheadEdge - backEdge) / 2 };
}

/** Dark, light, dark from the middle outwards. @param {Frame} frame @param {Point} from
 *  @param {Point} step @returns {[?number[], number]} the runs, and how far the inner dark reaches */
function half(frame, from, step) {
  const runs = [0, 0, 0];
  let at = 0;
  for (let run = 0; run < 3; run++) {
    const dark = run !== 1;
    while (frame.isDark(from.x + step.x * at, from.y + step.y * at) === dark) {
      runs[run] += 1;
      at += 1;
      if (at > frame.width + frame.height) return [null, 0];
    }
  }
  return runs.every((run) => run > 0) ? [runs, runs[0]] : [null, 0];
}

/** @param {Finder[]} found @param {Finder} finder */
function join(found, finder) {
  const same = found.find(
    (one) => Math.hypot(one.x - finder.x, one.y - finder.y) < one.module * 2.5,
  );
  if (same === undefined) {
    found.push(finder);
    return;
  }
  const { seen } = same;
  for (const name of /** @type {const} */ (["x", "y", "module"])) {
    same[name] = (same[name] * seen + finder[name]) / (seen + 1);
  }
  same.seen += 1;
}

/**
 * Every three that may be one code's, the likeliest first: legs of one length at a right angle.
 * @param {Finder[]} finders @returns {Corners[]}
 */
export function cornersOf(finders) {
  const found = [];
  for (let a = 0; a < finders.length; a++) {
    for (let b = a + 1; b < finders.length; b++) {
      for (let c = b + 1; c < finders.length; c++) {
        found.push(...likely([finders[a], finders[b], finders[c]]));
      }
    }
  }
  return found.sort((one, other) => one.doubt - other.doubt).map(({ corners }) => corners);
}

/** @param {Finder[]} three @returns {{corners: Corners, doubt: number}[]} */
function likely(three) {
  const modules = three.map(({ module }) => module);
  if (Math.max(...modules) > 1.8 * Math.min(...modules)) return [];
  // The longest side faces the corner.
  const sides = three.map((_, at) => distance(three[(at + 1) % 3], three[(at + 2) % 3]));
  const at = sides.indexOf(Math.max(...sides));
  const [corner, one, other] = [three[at], three[(at + 1) % 3], three[(at + 2) % 3]];
  const [leg, otherLeg] = [distance(corner, one), distance(corner, other)];
  const uneven = Math.abs(Math.log(leg / otherLeg));
  const skew = Math.abs(sides[at] / Math.hypot(leg, otherLeg) - 1);
  const modulesAcross = (leg + otherLeg) / 2 / Math.max(...modules);
  if (uneven > 0.7 || skew > 0.3 || modulesAcross < 9) return [];
  const turn = (one.x - corner.x) * (other.y - corner.y) - (one.y - corner.y) * (other.x - corner.x);
  const [right, below] = turn > 0 ? [one, other] : [other, one];
  return [{ corners: { corner, right, below }, doubt: uneven + skew }];
}

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
