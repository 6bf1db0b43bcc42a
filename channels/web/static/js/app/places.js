/** Where one can go from home: tabs along the edge, or in care mode a few large buttons. */

import { app as text } from "../../text/app.js";
import { wallet } from "../../text/wallet.js";
import { byId, el, svg } from "../dom.js";

/** Drawn with one stroke, 24 by 24. @type {Record<string, string>} */
const DRAWINGS = {
  home: "M4 7h16v11H4zM4 11h16M15 15h2",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 12h8",
  history: "M5 6h14M5 12h14M5 18h9",
  settings: "M4 8h10M18 8h2M4 16h2M10 16h10M14 6v4h4V6zM6 14v4h4v-4z",
};

export function drawPlaces() {
  byId("tabs").setAttribute("aria-label", text.menu);
  byId("acts").setAttribute("aria-label", text.menu);
  byId("tabs").replaceChildren(...places(["home", "scan", "history", "settings"], "tab"));
  byId("acts").replaceChildren(...places(["code", "scan", "history", "settings"], "act"));
  byId("everything").textContent = text.everything;
}

/** @param {string[]} names @param {string} look */
function places(names, look) {
  return names.map((name) =>
    el(
      "a",
      { class: look, href: name === "home" ? "#" : `#${name}`, "data-tab": name },
      svg(
        "svg",
        { class: "drawing", viewBox: "0 0 24 24", "aria-hidden": "true" },
        svg("path", { d: DRAWINGS[name] }),
      ),
      el("span", { text: wordOf(name) }),
    ),
  );
}

/** @param {string} name */
function wordOf(name) {
  if (name === "history") return wallet.history;
  return /** @type {Record<string, any>} */ (text)[name];
}
