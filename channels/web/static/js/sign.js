/** The signs of a verdict: a circle that is drawn, and one stroke in it. */

import { svg } from "./dom.js";

/** @typedef {"yes"|"no"|"held"|"back"|"unsure"} Tone */

/** @type {Record<Tone, string>} */
const STROKES = {
  yes: "M18 33.5 28 43 47 22",
  no: "M22 22 42 42M42 22 22 42",
  held: "M19 26h26M19 38h26",
  back: "M23 27h13a7.5 7.5 0 0 1 0 15h-9M29 20l-7 7 7 7",
  unsure: "M24 26a8 8 0 1 1 11 7.4c-2 .8-3 2-3 4.6M32 46v.5",
};

/** @param {Tone} tone */
export function sign(tone) {
  return svg(
    "svg",
    { class: "sign", viewBox: "0 0 64 64", "aria-hidden": "true", "data-tone": tone },
    svg("circle", { cx: 32, cy: 32, r: 29, pathLength: 1 }),
    svg("path", { d: STROKES[tone], pathLength: 1 }),
  );
}
