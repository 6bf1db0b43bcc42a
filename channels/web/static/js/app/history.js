/**
 * What has happened: searched by words, kind and day, as far back as it goes, and taken home as a
 * table. A search stops after so much work and says where to go on; so a short page is not the end.
 */

import { app as text } from "../../text/app.js";
import { wallet } from "../../text/wallet.js";
import { el } from "../dom.js";
import { Entries } from "../entries.js";
import { History } from "../history.js";
import { wordFor } from "../words.js";
import { Said, button, labelled } from "./parts.js";

/** What a person looks for: kinds of entries, and the word for the first. */
const KINDS = ["purchased,authorised", "refunded", "transfer_received", "transfer_sent", "declined"];

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

// A refusal and a payment share a word where the line itself says which.
const wordsOfKinds = { ...wallet.kinds, declined: wallet.states.declined };

class HistoryScreen {
  #said = new Said();
  #list = el("div", {});
  #more = button(wallet.more, () => this.#readEarlier());
  #form = this.#searchForm();
  /** @type {Entries} */
  #entries;

  /** @param {import("../api.js").Api} api @param {string} account @param {HTMLElement} root */
  constructor(api, account, root) {
    this.api = api;
    this.account = account;
    this.root = root;
    this.history = new History(this.#list, Infinity, text.nothingFound);
    this.#entries = new Entries(api, account);
  }

  async open() {
    this.#more.hidden = true;
    this.root.replaceChildren(
      el("details", { class: "card" }, el("summary", { text: text.search }), this.#form),
      el("section", { class: "card stack" }, this.#said.root, this.#list, this.#more),
      button(text.exportCsv, () => this.#export()),
    );
    await this.#search();
  }

  #searchForm() {
    const options = KINDS.map((kinds) =>
      el("option", { value: kinds, text: wordFor(wordsOfKinds, kinds.split(",")[0]) }),
    );
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#search();
    };
    return /** @type {HTMLFormElement} */ (
      el(
        "form",
        { class: "stack search", on: { submit } },
        labelled(text.searchWords, el("input", { name: "q", type: "search", maxlength: 64 })),
        labelled(
          text.searchKind,
          el("select", { name: "kind" }, el("option", { value: "", text: text.anyKind }), ...options),
        ),
        labelled(text.searchFrom, el("input", { name: "from", type: "date" })),
        labelled(text.searchTo, el("input", { name: "to", type: "date" })),
        el("button", { class: "primary", text: text.searchNow }),
      )
    );
  }

  get #query() {
    const fields = /** @type {[string, string][]} */ ([...new FormData(this.#form)]);
    return new URLSearchParams(fields.filter(([, value]) => value !== ""));
  }

  async #search() {
    this.#entries = new Entries(this.api, this.account, this.#query);
    this.history.forget();
    // What could not be read may be anything: no lines, and no word that there are none.
    this.#list.replaceChildren();
    this.#more.hidden = true;
    await this.#said.trying(async () => {
      await this.#entries.readNewest();
      this.#show();
    });
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

  async #export() {
    const path = `/v1/accounts/${this.account}/entries.csv?${this.#query}`;
    const file = await this.#said.trying(() => this.api.download(path));
    if (file === undefined) return;
    const href = URL.createObjectURL(file);
    el("a", { href, download: "airside.csv" }).click();
    URL.revokeObjectURL(href);
  }
}
