/** An order that the customer pays alone: made at the till, opened as a link, paid by a tap. */

import { till as text } from "../text/till.js";
import { Problem } from "./api.js";
import { copy } from "./copy.js";
import { byId, el } from "./dom.js";
import { newKey } from "./keys.js";
import { formatMoney } from "./money.js";
import { sign } from "./sign.js";
import { say } from "./words.js";

/** @typedef {import("./wire.js").Amount} Amount */
/** @typedef {import("./wire.js").Payment} Payment */

export class OrderLink {
  #order = /** @type {?import("./wire.js").Order} */ (null);
  #busy = false;
  #attempt = { of: "", key: "" };

  /** @param {import("./api.js").Api} api @param {import("./register.js").Register} register */
  constructor(api, register) {
    this.api = api;
    this.register = register;
    this.root = byId("stage-link");
  }

  /** @param {{amount: Amount, order: string}} sale */
  async make({ amount, order }) {
    if (this.#busy) return;
    this.#busy = true;
    const body = { amount, order, lines: [] };
    // Asked again after a lost answer, the same order is the same link.
    const of = JSON.stringify(body);
    if (this.#attempt.of !== of) this.#attempt = { of, key: newKey("link") };
    try {
      const answer = await this.api.post("/v1/orders", body, { key: this.#attempt.key });
      this.#show(answer.body);
    } catch (error) {
      const says = error instanceof Problem ? error.message : text.actUnknown;
      byId("amount-says").textContent = says;
    } finally {
      this.#busy = false;
    }
  }

  /** @param {Payment} payment something was paid; perhaps this */
  learn(payment) {
    const order = this.#order;
    if (order === null || payment.order !== order.order) return;
    if (payment.status !== "declined") this.#face.replaceChildren(...paidFace());
  }

  /** @param {import("./wire.js").Order} order */
  #show(order) {
    this.#order = order;
    this.#face.replaceChildren(
      el("span", { class: "spinner" }),
      el("strong", { text: text.linkOpen }),
    );
    const { href } = new URL(order.link, location.href);
    const money = formatMoney(order.amount.amount_minor, order.amount.currency);
    const says = say(text.linkSays, { order: order.order });
    this.root.replaceChildren(
      el("p", { class: "amount-shown figure", text: money }),
      el("h2", { text: text.linkTitle }),
      el("p", { class: "soft small", text: says }),
      el("a", { class: "code-text", href, target: "_blank", rel: "noopener", text: href }),
      copyButton(href),
      this.#face,
      el("button", { type: "button", text: text.newSale, on: { click: () => this.#leave() } }),
    );
    this.register.openLink();
  }

  #face = el("p", { class: "link-state", role: "status" });

  #leave() {
    this.#order = null;
    this.register.next();
  }
}

function paidFace() {
  return [sign("yes"), el("strong", { text: text.linkPaid })];
}

/** @param {string} address */
function copyButton(address) {
  const button = el("button", { type: "button", class: "primary", text: text.copy });
  button.onclick = async () => {
    button.textContent = (await copy(address)) ? text.copied : text.copyByHand;
  };
  return button;
}
