/** One-tap payment of an order link: /pay#ord_… */

import { pay as text } from "../text/pay.js";
import { isFailedCall } from "./api.js";
import { billOf } from "./bill.js";
import { byId, el, showOnly } from "./dom.js";
import { Frame } from "./frame.js";
import { formatMoney } from "./money.js";
import { OrderPayment } from "./order_payment.js";
import { Session } from "./session.js";
import { enter, patiently } from "./sign_in.js";
import { sign } from "./sign.js";
import { fillPage, say } from "./words.js";

/** @typedef {import("./wire.js").Order} Order */
/** @typedef {import("./order_payment.js").End} End */
/** @typedef {{label: string, does: () => void}} Choice */

class PayPage {
  /** @param {import("./api.js").Api} api @param {string} account @param {string} orderId */
  constructor(api, account, orderId) {
    this.api = api;
    this.account = account;
    this.orderId = orderId;
    this.payment = new OrderPayment(api, { account, orderId });
  }

  async open() {
    byId("pay").hidden = false;
    put("asking", text.loading, "");
    const order = await patiently(() => this.api.get(this.#orderPath));
    if (order === null) return put("unsure", text.noOrder, text.noOrderSays);
    await this.#show(order);
  }

  get #orderPath() {
    return `/v1/orders/${encodeURIComponent(this.orderId)}`;
  }

  /** @param {Order} order */
  async #show(order) {
    const merchant = order.merchant_name ?? text.someMerchant;
    if (order.status === "paid") {
      this.payment.settle();
      return put("yes", text.paidAlready, say(text.paidAlreadySays, { merchant }), [toWallet()]);
    }
    if (order.status === "cancelled") return put("no", text.cancelled, text.cancelledSays);
    const account = await patiently(() => this.api.get(`/v1/accounts/${this.account}`));
    const how = { onPay: () => this.#pay(order), tappedBefore: this.payment.isOpen };
    byId("bill").replaceChildren(...billOf(order, account ?? { pots: [] }, how));
    showOnly(byId("bill"));
  }

  /** @param {Order} order */
  async #pay(order) {
    put("asking", text.paying, text.payingSays);
    const end = await this.payment.tap(() => put("unsure", text.unknown, text.unknownSays));
    await this.#conclude(order, end);
  }

  /** @param {Order} order @param {End} end */
  async #conclude(order, { end, says }) {
    const again = { label: text.tryAgain, does: () => this.open() };
    if (end === "paid") {
      const amount = formatMoney(order.amount.amount_minor, order.amount.currency);
      const merchant = order.merchant_name ?? text.someMerchant;
      put("yes", say(text.paid, { amount }), say(text.paidSays, { merchant }), [toWallet()]);
    } else if (end === "declined") put("no", text.declined, says, [again, toWallet()]);
    else if (end === "unknown") {
      const ask = { label: text.askAgain, does: () => this.#pay(order) };
      put("unsure", text.stillUnknown, text.unknownSays, [ask]);
    } else if (await this.#isPaid()) await this.open();
    else put("no", text.refused, says, [again]);
  }

  /** A refusal may only mean that the order was paid meanwhile, here or elsewhere. */
  async #isPaid() {
    try {
      return (await this.api.get(this.#orderPath)).status === "paid";
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      return false;
    }
  }
}

/** @returns {Choice} */
function toWallet() {
  return { label: text.wallet, does: () => location.assign("/wallet") };
}

/**
 * @param {"asking"|import("./sign.js").Tone} tone @param {string} title @param {string} says
 * @param {Choice[]} [choices]
 */
function put(tone, title, says, choices = []) {
  byId("verdict-box").dataset.tone = tone;
  byId("verdict").replaceChildren(
    tone === "asking" ? el("span", { class: "spinner" }) : sign(tone),
    el("h2", { class: "verdict-title", text: title }),
    el("p", { text: says }),
  );
  byId("verdict-buttons").replaceChildren(
    ...choices.map(({ label, does }) =>
      el("button", { type: "button", text: label, on: { click: does } }),
    ),
  );
  showOnly(byId("verdict-box"));
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("wallet");
  const me = await enter({ session, frame, admits: (who) => who.account !== null });
  const orderId = location.hash.slice(1);
  await new PayPage(session.api, me.account ?? "", orderId).open();
  addEventListener("hashchange", () => location.reload());
}

main();
