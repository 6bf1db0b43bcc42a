/**
 * Refund, capture and void, in a dialog. The key belongs to the dialog: however often its
 * button is pressed, and whatever is lost on the way, it happens once. Another amount is
 * another intention, and gets another key.
 */

import { till as text } from "../text/till.js";
import { Problem, isUnknown } from "./api.js";
import { byId, el } from "./dom.js";
import { newKey } from "./keys.js";
import { formatMoney, parseMoney, typedNumber } from "./money.js";
import { refundable } from "./today.js";
import { say } from "./words.js";

/** @typedef {import("./wire.js").Payment} Payment */
/** @typedef {import("./today.js").Act} Act */

export class ActDialog {
  #busy = false;
  #keys = /** @type {Map<number, string>} */ (new Map());

  /** @param {import("./api.js").Api} api @param {(payment: Payment) => void} onDone */
  constructor(api, onDone) {
    this.api = api;
    this.onDone = onDone;
    this.dialog = byId("act");
  }

  /** @param {Act} act @param {Payment} payment */
  open(act, payment) {
    this.act = act;
    this.payment = payment;
    this.most_minor = act === "refund" ? refundable(payment) : payment.remaining_minor;
    this.#keys = new Map();
    this.#build(text.acts[act]);
    this.#showAmount();
    this.dialog.showModal();
    this.field?.select();
  }

  /** @param {{title: string, label: string, button: string}} words */
  #build(words) {
    const { amount, merchant_name, order } = /** @type {Payment} */ (this.payment);
    const most = formatMoney(this.most_minor ?? 0, amount.currency);
    this.field = /** @type {HTMLInputElement} */ (
      el("input", { id: "act-amount", inputmode: "decimal", autocomplete: "off" })
    );
    this.field.oninput = () => this.#showAmount();
    this.field.value = typedNumber(this.most_minor ?? 0, amount.currency);
    this.said = el("p", { class: "said", role: "alert" });
    this.go = el("button", { class: "primary big" });
    const about = { merchant: merchant_name ?? "", order: order ?? "", amount: most };
    const asks = words.label
      ? [el("label", { for: "act-amount", text: words.label }), this.field]
      : [];
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send(words);
    };
    this.dialog.replaceChildren(
      el(
        "form",
        { class: "stack", on: { submit } },
        el("h2", { id: "act-title", text: words.title }),
        el("p", { class: "soft small", text: say(text.actOf, about) }),
        ...asks,
        this.said,
        this.go,
        this.#cancel(),
      ),
    );
  }

  #cancel() {
    const click = () => this.dialog.close();
    return el("button", { type: "button", class: "quiet", text: text.cancel, on: { click } });
  }

  /** @returns {?number} null when what is typed cannot be done */
  get #minor() {
    return parseMoney(this.field?.value ?? "", this.payment?.amount.currency ?? "");
  }

  #showAmount() {
    const { currency } = /** @type {Payment} */ (this.payment).amount;
    const { title, button } = text.acts[/** @type {Act} */ (this.act)];
    const minor = this.#minor;
    const amount = formatMoney(minor ?? 0, currency);
    if (this.go) this.go.textContent = minor === null ? title : say(button, { amount });
    this.#say("");
  }

  /** @param {string} words */
  #say(words) {
    if (this.said) this.said.textContent = words;
  }

  /** @param {{button: string}} words */
  async #send(words) {
    const { currency } = /** @type {Payment} */ (this.payment).amount;
    const minor = this.#minor;
    const most = this.most_minor ?? 0;
    if (minor === null || minor === 0) {
      return this.#say(say(text.notAnAmount, { example: typedNumber(most, currency) }));
    }
    if (minor > most) return this.#say(say(text.tooMuch, { amount: formatMoney(most, currency) }));
    if (this.#busy || !this.go) return;
    this.#busy = true;
    this.go.textContent = text.working;
    try {
      await this.#ask(minor, currency);
    } finally {
      this.#busy = false;
      this.go.textContent = say(words.button, { amount: formatMoney(minor, currency) });
    }
  }

  /** @param {number} minor @param {string} currency */
  async #ask(minor, currency) {
    const path = `/v1/payments/${this.payment?.id}/${this.act}`;
    const body = this.act === "void" ? {} : { amount: { amount_minor: minor, currency } };
    const key = this.#keys.get(minor) ?? newKey(/** @type {string} */ (this.act));
    this.#keys.set(minor, key);
    try {
      const answer = await this.api.post(path, body, { key });
      if (answer.status === 202) return this.#say(text.actUnknown);
      this.dialog.close();
      this.onDone(answer.body);
    } catch (error) {
      if (isUnknown(error)) return this.#say(text.actUnknown);
      if (!(error instanceof Problem)) throw error;
      this.#say(error.message);
    }
  }
}
