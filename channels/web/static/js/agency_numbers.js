/** Payment numbers of an agency: draw one, see it this once, cancel one that is open. */

import { agent as text } from "../text/agent.js";
import { isFailedCall, Problem } from "./api.js";
import { chip, field, moneyOf, sureButton, whenOf } from "./agency_rows.js";
import { copy } from "./copy.js";
import { byId, el } from "./dom.js";
import { newKey } from "./keys.js";
import { parseMoney } from "./money.js";
import { dayName, timeOf } from "./times.js";
import { say } from "./words.js";

/** @typedef {{id: string, number: string, amount: import("./agency_rows.js").Amount,
 *   status: string, expiration: string, expires_at: string, created_at: string}} Number_ */

export class Numbers {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    this.amount = /** @type {HTMLInputElement} */ (
      el("input", { inputmode: "decimal", autocomplete: "off", placeholder: "12300.00" })
    );
    this.currency = /** @type {HTMLSelectElement} */ (el("select"));
    const lifetimes = Object.entries(text.lifetimes).map(([seconds, words]) =>
      el("option", { value: seconds, text: words, selected: seconds === "86400" }),
    );
    this.lifetime = /** @type {HTMLSelectElement} */ (el("select", {}, ...lifetimes));
    byId("draw").append(
      field("number-amount", text.amount, this.amount),
      field("number-currency", text.currency, this.currency),
      field("number-lifetime", text.lifetime, this.lifetime),
      el("button", { class: "primary", text: text.draw }),
    );
    byId("draw").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#draw();
    };
    /** One key for each amount, until it is answered: a second press draws no second number. */
    this.key = newKey("number");
  }

  /** @param {string[]} currencies */
  offer(currencies) {
    if (this.currency.children.length === currencies.length) return;
    this.currency.replaceChildren(...currencies.map((code) => el("option", { text: code })));
  }

  async read() {
    const { numbers } = await this.api.get("/v1/agency/numbers");
    byId("numbers").replaceChildren(...numbers.map((/** @type {Number_} */ n) => this.#row(n)));
  }

  async #draw() {
    const minor = parseMoney(this.amount.value, this.currency.value);
    if (!minor) return this.#say(text.notAnAmount);
    const amount = { amount_minor: minor, currency: this.currency.value };
    const body = { amount, valid_s: Number(this.lifetime.value) };
    try {
      const answer = await this.api.post("/v1/agency/numbers", body, { key: this.key });
      this.key = newKey("number");
      this.amount.value = "";
      this.#say("");
      byId("drawn").replaceChildren(drawnCard(answer.body));
      await this.read();
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      if (error instanceof Problem && error.status === 422) this.key = newKey("number");
      this.#say(error instanceof Problem ? error.message : text.noAnswer);
    }
  }

  /** @param {string} words */
  #say(words) {
    byId("draw-says").textContent = words;
  }

  /** @param {Number_} number */
  #row(number) {
    const cancel = async () => {
      await this.api.post(`/v1/agency/numbers/${number.id}/cancel`, {});
      await this.read();
    };
    const acts = number.status === "open" ? [sureButton({ label: text.cancel, sure: text.sure }, cancel)] : [];
    const until = say(text.expires, {
      time: timeOf(number.expires_at),
      day: dayName(number.expires_at, new Date()),
    });
    return el(
      "li",
      { class: "row" },
      el(
        "div",
        { class: "row-what" },
        el("span", { class: "row-title" }, el("span", { class: "code-text", text: number.number }), chip(number.status)),
        el("span", { class: "soft small", text: `${whenOf(number.created_at)}, ${until}` }),
      ),
      el("span", { class: "row-amount figure", text: moneyOf(number.amount) }),
      el("div", { class: "row-acts" }, ...acts),
    );
  }
}

/** @param {Number_} number in full */
function drawnCard(number) {
  const button = el("button", { type: "button", text: text.copy });
  button.onclick = async () => {
    button.textContent = (await copy(number.number)) ? text.copied : text.copyByHand;
  };
  const says = say(text.drawnSays, { amount: moneyOf(number.amount), expiration: number.expiration });
  return el(
    "div",
    { class: "drawn" },
    el("span", { class: "drawn-number", text: number.number.replace(/(\d{4})(?=\d)/g, "$1 ") }),
    el("span", { class: "small", text: says }),
    el("div", { class: "row-acts" }, button),
  );
}
