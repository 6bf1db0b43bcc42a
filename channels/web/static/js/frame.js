/** Around every page: the demo banner, the name, who is signed in, and whether it is live. */

import { common } from "../text/common.js";
import { byId, el, svg } from "./dom.js";
import { LANGUAGE, LANGUAGES, chooseLanguage, isTranslated } from "./language.js";

/** @typedef {"live"|"waiting"|"offline"} Connection */

/** The marking at which everything stops until it is cleared: two lines, two broken lines. */
function mark() {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 24 20", "aria-hidden": "true" },
    svg("path", { d: "M1 2h22M1 7h22" }),
    svg("path", { class: "mark-held", d: "M1 13h22M1 18h22" }),
  );
}

function languageSwitch() {
  const buttons = LANGUAGES.map(({ code, tag, name }) =>
    el("button", {
      type: "button",
      class: "quiet",
      lang: tag,
      text: name,
      "aria-pressed": String(tag === LANGUAGE),
      on: { click: () => chooseLanguage(code) },
    }),
  );
  return el("footer", {}, el("nav", { class: "languages", "aria-label": common.language }, ...buttons));
}

export class Frame {
  /** @param {string} pageName what this page is called; empty on the start page */
  constructor(pageName) {
    this.who = el("span", { class: "who" });
    this.leave = el("button", { class: "quiet", type: "button", text: common.signOut });
    this.leave.hidden = true;
    this.light = el("span", { class: "light", role: "status", hidden: true });
    byId("frame").replaceChildren(
      el("a", { class: "skip", href: "#main", text: common.skip }),
      el(
        "header",
        { class: "top" },
        el("a", { class: "brand", href: "/" }, mark(), el("span", { text: common.brand })),
        pageName ? el("span", { class: "page-name", text: pageName }) : null,
        el("span", { class: "top-end" }, this.light, this.who, this.leave),
      ),
    );
    if (isTranslated) byId("main").after(languageSwitch());
  }

  showDemo() {
    if (document.querySelector(".demo")) return;
    byId("frame").prepend(
      el(
        "aside",
        { class: "demo", "aria-label": common.demo },
        el("strong", { text: common.demo }),
        el("span", { text: common.demoSays }),
      ),
    );
  }

  /** @param {import("./wire.js").Me} me @param {() => void} onSignOut */
  showMe(me, onSignOut) {
    this.who.textContent = me.merchant_name ?? me.name;
    this.leave.hidden = false;
    this.leave.onclick = onSignOut;
    if (me.demo) this.showDemo();
  }

  /** @param {Connection} connection */
  showConnection(connection) {
    this.light.hidden = false;
    this.light.dataset.state = connection;
    this.light.textContent = common[connection];
  }
}
