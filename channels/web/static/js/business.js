/**
 * A merchant's office, or an operator's look at all of them: takings by channel, payments as they
 * happen, settlements, payouts, and what was sent to webhooks.
 */

import { business as text } from "../text/business.js";
import { isFailedCall } from "./api.js";
import { byId, el } from "./dom.js";
import { EventStream } from "./events.js";
import { Frame } from "./frame.js";
import { newKey } from "./keys.js";
import { formatMoney } from "./money.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { timeOf } from "./times.js";
import { fillPage, say } from "./words.js";

const SHOWN = 50;
// The books are told a moment after a payment; its totals are read when that is over.
const TOTALS_AFTER_MS = 600;

/** @param {string} title @param {string} says @param {string} state @param {...HTMLElement} acts */
function row(title, says, state, ...acts) {
  return el(
    "li",
    { class: "row", "data-state": state },
    el(
      "div",
      { class: "row-what" },
      el("span", { class: "row-title figure", text: title }),
      el("span", { class: "soft small", text: says }),
    ),
    el("span", { class: "chip", "data-state": state, text: state.replaceAll("_", " ") }),
    el("div", { class: "row-acts" }, ...acts),
  );
}

/** @param {string} label @param {() => void} click */
function button(label, click) {
  return el("button", { type: "button", text: label, on: { click } });
}

/** @param {string} id @param {HTMLElement[]} rows @param {string} nothing */
function fill(id, rows, nothing) {
  const empty = el("li", { class: "soft", text: nothing });
  byId(id).replaceChildren(...(rows.length ? rows : [empty]));
}

class BusinessPage {
  #timer = 0;

  /** @param {Session} session signed in @param {Frame} frame */
  constructor(session, frame) {
    this.session = session;
    this.frame = frame;
    this.api = session.api;
    this.operator = session.me?.kind === "operator";
    /** @type {Map<string, any>} */
    this.payments = new Map();
  }

  async start() {
    byId("business").hidden = false;
    await this.#readAll();
    const listener = {
      onEvent: (/** @type {string} */ _, /** @type {any} */ data) => {
        if (data.payment) this.#learn(data.payment);
      },
      onState: (/** @type {import("./events.js").StreamState} */ state) => {
        if (state === "refused") this.session.leave();
        else this.frame.showConnection(state === "live" ? "live" : "waiting");
      },
    };
    new EventStream(this.api, listener).run();
  }

  async #readAll() {
    const { payments } = await this.api.get(`/v1/payments?limit=${SHOWN}`);
    for (const payment of payments) this.payments.set(payment.id, payment);
    this.#showPayments();
    await Promise.all([
      this.#readTotals(),
      this.#readSettlements(),
      this.#readPayouts(),
      this.#readWebhooks(),
    ]);
  }

  /** @param {any} payment as it is now */
  #learn(payment) {
    this.payments.set(payment.id, payment);
    this.#showPayments();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#readTotals(), TOTALS_AFTER_MS);
  }

  #showPayments() {
    const newest = [...this.payments.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
    const rows = newest.slice(0, SHOWN).map((payment) => {
      const { amount_minor, currency } = payment.amount;
      const says = [
        timeOf(payment.at),
        this.operator ? payment.merchant_name : null,
        payment.channel,
        payment.place,
        payment.order ? say(text.order, { order: payment.order }) : null,
      ];
      const line = says.filter(Boolean).join(" · ");
      return row(formatMoney(amount_minor, currency), line, payment.status);
    });
    fill("payments", rows, text.noPayments);
  }

  async #readTotals() {
    const { takings } = await this.api.get("/v1/takings");
    /** @type {Map<string, {channel: string, currency: string, figures: bigint[]}>} */
    const totals = new Map();
    for (const one of takings) {
      const slot = `${one.channel} ${one.currency}`;
      const { channel, currency } = one;
      const total = totals.get(slot) ?? { channel, currency, figures: [0n, 0n, 0n, 0n] };
      const minors = [one.captured_minor, one.refunded_minor, one.approved, one.declined];
      total.figures = total.figures.map((figure, index) => figure + BigInt(minors[index]));
      totals.set(slot, total);
    }
    const blocks = [...totals.values()].map(({ channel, currency, figures }) => {
      const cells = [
        [`${channel} · ${text.taken}`, formatMoney(figures[0], currency)],
        [text.refunded, formatMoney(figures[1], currency)],
        [text.approved, String(figures[2])],
        [text.declined, String(figures[3])],
      ].map(([label, value]) =>
        el("div", {}, el("dt", { text: label }), el("dd", { class: "figure", text: value })),
      );
      return el("dl", { class: "total" }, ...cells);
    });
    const nothing = el("p", { class: "soft", text: text.nothingToday });
    byId("channels").replaceChildren(...(blocks.length ? blocks : [nothing]));
  }

  async #readSettlements() {
    const { settlements } = await this.api.get("/v1/settlements");
    const rows = settlements.map((/** @type {any} */ one) => {
      const title = say(text.settlement, { number: one.number, merchant: one.merchant_name });
      const sums = one.totals.map((/** @type {any} */ total) =>
        say(text.settlementSays, {
          gross: formatMoney(total.gross_minor, total.currency),
          fees: formatMoney(total.fees_minor, total.currency),
        }),
      );
      const done = one.status === "settled";
      const acts = done ? [button(text.statement, () => this.#download(one.id))] : [];
      return row(title, sums.join("; "), done ? text.settled : text.underWay, ...acts);
    });
    fill("settlements", rows, text.noSettlements);
  }

  /** A link cannot say who is asking. @param {string} id */
  async #download(id) {
    const headers = /** @type {Record<string, string>} */ (this.api.identity);
    const response = await fetch(`/v1/settlements/${id}/statement.csv`, { headers });
    const url = URL.createObjectURL(await response.blob());
    el("a", { href: url, download: `${id}.csv` }).click();
    URL.revokeObjectURL(url);
  }

  async #readPayouts() {
    const { payouts } = await this.api.get("/v1/payouts");
    const rows = payouts.map((/** @type {any} */ one) => {
      const acts = [];
      if (this.operator && one.status === "held") {
        acts.push(button(text.approve, () => this.#decide(one.id, "approve")));
        acts.push(button(text.cancel, () => this.#decide(one.id, "cancel")));
      }
      const amount = formatMoney(one.amount.amount_minor, one.amount.currency);
      const says = `${timeOf(one.at)} · ${one.merchant_name ?? ""}`;
      return row(amount, says, one.status, ...acts);
    });
    fill("payouts", rows, text.noPayouts);
  }

  /** @param {string} id @param {"approve"|"cancel"} act */
  async #decide(id, act) {
    const said = byId("payout-said");
    said.textContent = "";
    try {
      await this.api.post(`/v1/payouts/${id}/${act}`, {}, { key: newKey(act) });
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      said.textContent = /** @type {Error} */ (error).message;
    }
    setTimeout(() => this.#readPayouts(), TOTALS_AFTER_MS);
  }

  async #readWebhooks() {
    const { webhooks } = await this.api.get("/v1/webhooks");
    const rows = webhooks.map((/** @type {any} */ one) => {
      const look = () => this.#readDeliveries(one.id);
      return row(one.url, one.merchant_name ?? "", one.status, button(text.deliveries, look));
    });
    fill("webhooks", rows, text.noWebhooks);
  }

  /** @param {string} id */
  async #readDeliveries(id) {
    const path = `/v1/webhooks/${id}`;
    const { deliveries } = await this.api.get(`${path}/deliveries?limit=${SHOWN}`);
    const rows = deliveries.map((/** @type {any} */ one) => {
      const again = async () => {
        await this.api.post(`${path}/replay`, { events: [one.event] });
        await this.#readDeliveries(id);
      };
      const says = say(text.attempts, { kind: one.kind, attempts: one.attempts });
      const line = one.problem ? `${says} · ${one.problem}` : says;
      return row(`${timeOf(one.at)} · ${one.event}`, line, one.status, button(text.sendAgain, again));
    });
    byId("deliveries").replaceChildren(...rows);
  }
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("office");
  await enter({
    session,
    frame,
    admits: (who) => who.scopes.includes("business") || who.kind === "operator",
  });
  await new BusinessPage(session, frame).start();
}

main();
