/** One-tap payment of an order link: /pay#ord_… */

import { pay as text } from "../text/pay.js";
import { isFailedCall } from "./api.js";
import { billOf } from "./bill.js";
import { byId, showOnly } from "./dom.js";
import { Frame } from "./frame.js";
import { passkeyDoor } from "./passkey_door.js";
import { Session } from "./session.js";
import { enter, patiently } from "./sign_in.js";
import { tapAndSay } from "./tap_flow.js";
import { orderPayment } from "./tap_payment.js";
import { VerdictBox } from "./verdict_box.js";
import { fillPage, say } from "./words.js";

/** @typedef {import("./wire.js").Order} Order */

class PayPage {
  #box = new VerdictBox();

  /** @param {import("./api.js").Api} api @param {string} account @param {string} orderId */
  constructor(api, account, orderId) {
    this.api = api;
    this.account = account;
    this.orderId = orderId;
    this.payment = orderPayment(api, { account, orderId });
    byId("pay").append(this.#box.root);
  }

  async open() {
    byId("pay").hidden = false;
    this.#put({ tone: "asking", title: text.loading, says: "" });
    const order = await patiently(() => this.api.get(this.#orderPath));
    if (order === null) {
      return this.#put({ tone: "unsure", title: text.noOrder, says: text.noOrderSays });
    }
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
      const says = say(text.paidAlreadySays, { merchant });
      return this.#put({ tone: "yes", title: text.paidAlready, says, choices: [toWallet()] });
    }
    if (order.status === "cancelled") {
      return this.#put({ tone: "no", title: text.cancelled, says: text.cancelledSays });
    }
    const account = await patiently(() => this.api.get(`/v1/accounts/${this.account}`));
    const how = { onPay: () => this.#pay(order), tappedBefore: this.payment.isOpen };
    byId("bill").replaceChildren(...billOf(order, account ?? { pots: [] }, how));
    showOnly(byId("bill"));
  }

  /** @param {Order} order */
  async #pay(order) {
    showOnly(this.#box.root);
    const flow = {
      payment: this.payment,
      box: this.#box,
      amount: order.amount,
      merchant: order.merchant_name,
      again: () => this.open(),
      done: toWallet(),
      isPaid: () => this.#isPaid(),
    };
    if (await tapAndSay(flow)) await this.open();
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

  /** @param {import("./verdict_box.js").Verdict} verdict */
  #put(verdict) {
    this.#box.put(verdict);
    showOnly(this.#box.root);
  }
}

/** @returns {import("./verdict_box.js").Choice} */
function toWallet() {
  return { label: text.wallet, does: () => location.assign("/wallet") };
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("wallet");
  const me = await enter({ session, frame, admits: (who) => who.account !== null, ways: passkeyDoor });
  const orderId = location.hash.slice(1);
  await new PayPage(session.api, me.account ?? "", orderId).open();
  addEventListener("hashchange", () => location.reload());
}

main();
