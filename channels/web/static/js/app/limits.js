/** Limits of one's own. A lower one holds at once; a higher one waits, unless the passkey is shown. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { currencyName, formatMoney, parseMoney, typedNumber } from "../money.js";
import { hasPasskeys } from "../passkey.js";
import { prove } from "../passkey_proof.js";
import { momentText } from "../times.js";
import { say } from "../words.js";
import { Said, button, labelled } from "./parts.js";

/** @typedef {{payment_minor: ?number, day_minor: ?number}} Bounds */
/** @typedef {Bounds & {currency: string, spent_today_minor: number,
 *   later: ?(Bounds & {at: string})}} Limit */

/**
 * @param {import("../api.js").Api} api @param {string} account
 * @returns {import("./screens.js").Screen}
 */
export function limitsScreen(api, account) {
  return {
    title: text.limits,
    parent: "settings",
    open: (root) => new LimitsScreen(api, account, root).open(),
  };
}

class LimitsScreen {
  #said = new Said();
  #place = el("div", { class: "screen-body" });
  /** @type {Limit[]} */
  #limits = [];

  /** @param {import("../api.js").Api} api @param {string} account @param {HTMLElement} root */
  constructor(api, account, root) {
    this.api = api;
    this.path = `/v1/accounts/${account}`;
    root.replaceChildren(el("p", { text: text.limitsSays }), this.#said.root, this.#place);
  }

  async open() {
    const read = await this.#said.trying(() =>
      Promise.all([this.api.get(this.path), this.api.get(`${this.path}/limits`)]),
    );
    if (read === undefined) return;
    const [{ pots }, { limits }] = read;
    this.#show(
      pots.map(({ currency }) => limits.find((one) => one.currency === currency) ?? unlimited(currency)),
    );
  }

  /** @param {Limit[]} limits */
  #show(limits) {
    this.#limits = limits;
    this.#place.replaceChildren(...limits.map((limit) => this.#form(limit)));
  }

  /** @param {Limit} limit */
  #form(limit) {
    const { currency } = limit;
    const payment = field(limit.payment_minor, currency);
    const day = field(limit.day_minor, currency);
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const bounds = { payment_minor: read(payment, currency), day_minor: read(day, currency) };
      if (bounds.payment_minor === undefined || bounds.day_minor === undefined) {
        return this.#said.say(text.amountUnread);
      }
      this.#save({ currency, .../** @type {Bounds} */ (bounds) });
    };
    const spent = formatMoney(limit.spent_today_minor, currency);
    return el(
      "form",
      { class: "card stack", on: { submit } },
      el("h2", { text: currencyName(currency) }),
      el("p", { class: "soft", text: say(text.spentToday, { amount: spent }) }),
      labelled(text.perPayment, payment),
      labelled(text.perDay, day),
      ...this.#waiting(limit),
      el("button", { class: "primary", text: text.save }),
    );
  }

  /** @param {Limit} limit */
  #waiting({ currency, later }) {
    if (later === null) return [];
    const says = el("p", { class: "said", text: say(text.laterHolds, { when: momentText(later.at) }) });
    const { payment_minor, day_minor } = later;
    const now = async () => {
      const shown = await this.#said.trying(async () => {
        await prove(this.api);
        return true;
      });
      if (shown) await this.#save({ currency, payment_minor, day_minor });
    };
    return hasPasskeys() ? [says, button(text.holdNow, now)] : [says];
  }

  /** @param {Bounds & {currency: string}} changed */
  async #save(changed) {
    const all = this.#limits.map((limit) => (limit.currency === changed.currency ? changed : wanted(limit)));
    const limits = all.filter((one) => one.payment_minor !== null || one.day_minor !== null);
    const body = { limits: limits.map(({ currency, payment_minor, day_minor }) => ({ currency, payment_minor, day_minor })) };
    const kept = await this.#said.trying(() => this.api.put(`${this.path}/limits`, body));
    if (kept === undefined) return;
    await this.open();
    this.#said.say(text.limitKept);
  }
}

/** What waits is still wanted. @param {Limit} limit */
function wanted({ currency, later, payment_minor, day_minor }) {
  return { currency, ...(later ?? { payment_minor, day_minor }) };
}

/** @param {string} currency @returns {Limit} */
function unlimited(currency) {
  return { currency, payment_minor: null, day_minor: null, spent_today_minor: 0, later: null };
}

/** @param {?number} minor @param {string} currency */
function field(minor, currency) {
  const value = minor === null ? "" : typedNumber(minor, currency);
  const typed = { inputmode: "decimal", autocomplete: "off", placeholder: text.noLimit };
  return /** @type {HTMLInputElement} */ (el("input", { ...typed, value }));
}

/** @param {HTMLInputElement} input @param {string} currency
 *  @returns {?number|undefined} null: no limit; undefined: not an amount */
function read(input, currency) {
  if (input.value.trim() === "") return null;
  return parseMoney(input.value, currency) ?? undefined;
}
