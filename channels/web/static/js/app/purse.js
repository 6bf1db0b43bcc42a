/** What can be done without a network: the balances last seen, and a code from the ten, one at a time. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { formatMoney } from "../money.js";
import { momentText } from "../times.js";
import { say } from "../words.js";
import { dropCode, readKept } from "./kept.js";
import { button } from "./parts.js";

export class Purse {
  root = el("section", { class: "card stack purse" });

  /** @param {() => Date} now */
  constructor(now) {
    this.now = now;
    this.show();
  }

  /** Balances and how many codes are left. */
  show() {
    const kept = readKept();
    if (kept === null) return this.root.replaceChildren(el("p", { text: text.nothingKept }));
    const codes = this.#good(kept);
    const pots = kept.pots.map(({ available_minor, currency }) =>
      el("li", { class: "figure", text: formatMoney(available_minor, currency) }),
    );
    const next = button(text.showOffline, () => this.#showCode(codes[0]), "primary big");
    next.hidden = codes.length === 0;
    this.root.replaceChildren(
      el("h2", { text: say(text.keptOf, { name: kept.name }) }),
      el("p", { class: "soft", text: say(text.seenAt, { when: momentText(kept.seen_at) }) }),
      el("ul", { class: "purse-pots" }, ...pots),
      el("p", { "data-codes": codes.length, text: say(text.codesLeft, { count: codes.length }) }),
      ...codes.slice(0, 1).map(({ expires_at }) =>
        el("p", { class: "soft", text: say(text.goodUntil, { when: momentText(expires_at) }) }),
      ),
      next,
    );
  }

  /** @param {import("./kept.js").Kept} kept */
  #good({ codes }) {
    return codes.filter(({ expires_at }) => new Date(expires_at) > this.now());
  }

  /** @param {import("./kept.js").OfflineCode} code */
  #showCode(code) {
    const src = `data:image/svg+xml,${encodeURIComponent(code.svg)}`;
    const used = button(text.codeUsed, () => {
      dropCode(code.payload);
      this.show();
    }, "primary big");
    this.root.replaceChildren(
      el("h2", { text: text.showThis }),
      el("img", { class: "purse-code", src, alt: text.codeAlt }),
      used,
      button(text.codeNotUsed, () => this.show()),
    );
  }
}
