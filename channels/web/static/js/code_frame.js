/** The code as it is drawn: a picture, and around it a line that runs out. */

import { wallet as text } from "../text/wallet.js";
import { el, svg } from "./dom.js";

const AROUND = { x: 1.5, y: 1.5, width: 97, height: 97, rx: 8, pathLength: 1 };

export class CodeFrame {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.picture = el("img", { class: "code-picture", alt: text.codeAlt, hidden: true });
    this.instead = el("div", { class: "code-instead" });
    this.line = svg("rect", { class: "code-left", ...AROUND });
    const ring = { class: "code-ring", viewBox: "0 0 100 100", "aria-hidden": "true" };
    const track = svg("rect", { class: "code-track", ...AROUND });
    root.replaceChildren(svg("svg", ring, track, this.line), this.picture, this.instead);
  }

  /** @param {string} document an SVG document; shown as a picture, so nothing in it can run */
  draw(document) {
    /** @type {HTMLImageElement} */ (this.picture).src =
      `data:image/svg+xml,${encodeURIComponent(document)}`;
    this.picture.hidden = false;
    this.instead.replaceChildren();
    this.root.dataset.state = "showing";
  }

  /** No code, and why. @param {string} title @param {string} says */
  explain(title, says) {
    if (this.root.dataset.state === "none" && this.instead.textContent === title + says) return;
    this.picture.hidden = true;
    this.picture.removeAttribute("src");
    this.instead.replaceChildren(
      el("strong", { text: title }),
      el("span", { class: "soft small", text: says }),
    );
    this.root.dataset.state = "none";
    this.left(0);
  }

  /** @param {number} share 1 is fresh, 0 is over */
  left(share) {
    this.line.style.strokeDashoffset = String(1 - share);
  }
}
