/** What has happened, as far back as it goes. */

import { wallet } from "../../text/wallet.js";
import { el } from "../dom.js";
import { Entries } from "../entries.js";
import { History } from "../history.js";
import { Said, button } from "./parts.js";

/**
 * @param {import("../api.js").Api} api @param {string} account
 * @returns {import("./screens.js").Screen}
 */
export function historyScreen(api, account) {
  return {
    title: wallet.history,
    open: (root) => new HistoryScreen(api, account, root).open(),
  };
}

class HistoryScreen {
  #said = new Said();
  #list = el("div", {});
  #more = button(wallet.more, () => this.#readEarlier());
  #entries;

  /** @param {import("../api.js").Api} api @param {string} account @param {HTMLElement} root */
  constructor(api, account, root) {
    this.root = root;
    this.history = new History(this.#list);
    this.#entries = new Entries(api, account);
  }

  async open() {
    this.#more.hidden = true;
    this.root.replaceChildren(
      el("section", { class: "card stack" }, this.#said.root, this.#list, this.#more),
    );
    await this.#said.trying(() => this.#entries.readNewest());
    this.#show();
  }

  async #readEarlier() {
    await this.#said.trying(() => this.#entries.readEarlier());
    this.history.forget();
    this.#show();
  }

  #show() {
    this.history.show(this.#entries.all, new Date());
    this.#more.hidden = this.#entries.next === null;
  }
}
