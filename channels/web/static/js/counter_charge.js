/**
 * From a price to its end. One intention has one key: whatever is lost on the way, it is asked again
 * under it, and cannot be charged twice. What is not known is said so, and followed until it is.
 */

import { counter as text } from "../text/counter.js";
import { Problem, isFailedCall, isUnknown } from "./api.js";
import { byId, el } from "./dom.js";
import { newKey } from "./keys.js";
import { formatMoney } from "./money.js";
import { backOffMs, pauseUnlessWoken } from "./pause.js";
import { Scan } from "./scan.js";
import { sign } from "./sign.js";
import { say } from "./words.js";

const ANSWER_WITHIN_MS = 8_000; // a passenger's patience; the gateway's own deadline is shorter
const LOOK_EVERY_MS = 1_000;
const BACK_OFF_MAX_MS = 5_000;
const UNFINISHED = ["holding", "accepting", "capturing", "withdrawing", "abandoning"];

/** @typedef {import("./counter_wire.js").Charge} Charge */
/** @typedef {import("./counter_wire.js").Wanted} Wanted */
/** @typedef {{onStage: (id: "scan"|"wait"|"verdict") => void, onBack: () => void,
 *   onEnd: (charge: Charge) => void, onNext: () => void}} Listener */

export class ChargeStage {
  #turn = 0; // what an older turn hears is no longer shown
  #wanted = /** @type {?Wanted} */ (null);

  /** @param {import("./api.js").Api} api @param {Listener} listener */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
    const heard = { onCode: (/** @type {string} */ code) => this.#charge(payerOf(code)) };
    this.scan = new Scan({ ...heard, onCancel: () => listener.onBack() }, text, isOurs);
    byId("elsewhere").onclick = () => {
      this.scan.close();
      this.#charge(null);
    };
  }

  /** @param {Wanted} wanted */
  open(wanted) {
    this.#wanted = wanted;
    byId("scan-amount").textContent = money(wanted.amount);
    this.listener.onStage("scan");
    this.scan.open();
  }

  /** Whatever is still heard of is not shown here: the shift's list has it. */
  leave() {
    this.#turn += 1;
  }

  /** A charge of the list that has no document. @param {Charge} charge */
  resume(charge) {
    this.#wanted = null;
    this.#follow(charge, ++this.#turn);
  }

  /** @param {?object} payer null: it is paid elsewhere */
  async #charge(payer) {
    const wanted = this.#wanted;
    if (wanted === null) return;
    const turn = ++this.#turn;
    const body = payer === null ? wanted : { ...wanted, payer };
    this.#verdict("asking", money(wanted.amount), text.asking, text.askingSays, []);
    const charge = await this.#ask(body, newKey("bag"), turn);
    if (charge !== null) await this.#follow(charge, turn);
  }

  /**
   * Again and again under one key, until there is an answer.
   * @param {object} body @param {string} key @param {number} turn
   * @returns {Promise<?Charge>} null: it was refused, or somebody has left
   */
  async #ask(body, key, turn) {
    for (let time = 0; turn === this.#turn; time += 1) {
      try {
        const how = { key, withinMs: ANSWER_WITHIN_MS };
        return (await this.api.post("/v1/counter/charges", body, how)).body;
      } catch (error) {
        if (!isFailedCall(error)) throw error;
        const busy = error instanceof Problem && error.status === 503;
        if (!isUnknown(error) && !busy && error instanceof Problem) {
          this.#refused(error.message);
          return null;
        }
      }
      this.#unknown(this.#wanted ? money(this.#wanted.amount) : "");
      await pauseUnlessWoken(backOffMs(time, BACK_OFF_MAX_MS));
    }
    return null;
  }

  /** To its end; whoever looks brings it forward. @param {Charge} charge @param {number} turn */
  async #follow(charge, turn) {
    let shown = "";
    while (turn === this.#turn) {
      const { status } = charge;
      if (status !== shown && status === "awaiting") this.#await(charge);
      if (status !== shown && UNFINISHED.includes(status)) this.#unknown(money(charge.amount));
      if (status !== "awaiting" && !UNFINISHED.includes(status)) return this.#end(charge);
      shown = status;
      await pauseUnlessWoken(LOOK_EVERY_MS);
      try {
        charge = await this.api.get(`/v1/counter/charges/${charge.id}`);
      } catch (error) {
        if (!isFailedCall(error)) throw error;
      }
    }
  }

  /** @param {Charge} charge */
  #await(charge) {
    const amount = money(charge.amount);
    const cancel = async () => {
      try {
        await this.api.post(`/v1/counter/charges/${charge.id}/cancel`, {});
      } catch (error) {
        if (!isFailedCall(error)) throw error;
        said.textContent = error instanceof Problem ? error.message : text.noAnswer;
      }
    };
    const said = el("p", { class: "said", role: "alert" });
    byId("stage-wait").replaceChildren(
      el("p", { class: "amount-shown figure", text: amount }),
      el("h2", { text: text.awaitTitle }),
      el("p", { text: text.awaitSays }),
      el(
        "div",
        { class: "shown-code" },
        el("img", { src: charge.code?.png ?? "", alt: say(text.codeAlt, { amount }) }),
      ),
      el("p", { text: say(text.awaitTill, { amount }) }),
      el("p", { class: "reference", dir: "ltr", text: charge.reference }),
      said,
      el("button", { type: "button", text: text.cancel, on: { click: cancel } }),
    );
    this.listener.onStage("wait");
  }

  /** @param {Charge} charge */
  #end(charge) {
    this.listener.onEnd(charge);
    if (charge.status === "issued") return;
    const { status, decline, reason } = charge;
    if (status === "declined" && decline) {
      const small = say(text.response, { code: decline.response_code });
      this.#verdict("no", money(charge.amount), text.declined, decline.text, this.#again(), small);
      return;
    }
    const ended = text.ended[/** @type {keyof typeof text.ended} */ (status)];
    this.#verdict("no", money(charge.amount), text.refused, ended ?? reason ?? "", this.#again());
  }

  /** @param {string} says the gateway's words */
  #refused(says) {
    const amount = this.#wanted ? money(this.#wanted.amount) : "";
    this.#verdict("no", amount, text.refused, says, this.#again());
  }

  /** @param {string} amount */
  #unknown(amount) {
    const next = { label: text.next, does: () => this.#leaveIt() };
    this.#verdict("unsure", amount, text.unknown, text.unknownSays, [next]);
  }

  #leaveIt() {
    this.leave();
    this.listener.onNext();
  }

  #again() {
    const wanted = this.#wanted;
    const next = { label: text.next, does: () => this.listener.onNext() };
    if (wanted === null) return [next];
    const again = { label: text.again, does: () => this.open(wanted) };
    return [again, { label: text.back, does: () => this.listener.onBack() }, next];
  }

  /**
   * @param {"asking"|"yes"|"no"|"unsure"} tone @param {string} amount @param {string} title
   * @param {string} says @param {{label: string, does: () => void}[]} choices @param {string} small
   */
  #verdict(tone, amount, title, says, choices, small = "") {
    const root = byId("verdict");
    root.parentElement.dataset.tone = tone;
    root.replaceChildren(
      tone === "asking" ? el("span", { class: "spinner" }) : sign(tone),
      el("p", { class: "verdict-amount figure", text: amount }),
      el("h2", { class: "verdict-title", text: title }),
      el("p", { text: says }),
      el("p", { class: "verdict-small", text: small }),
    );
    byId("verdict-buttons").replaceChildren(
      ...choices.map(({ label, does }, index) => {
        const props = { type: "button", class: index ? "" : "big", text: label };
        return el("button", { ...props, on: { click: does } });
      }),
    );
    this.listener.onStage("verdict");
  }
}

const CODE = /^hQVDUFY/;
const TAP = /^tap1\./;
// What a stripe says of a gift card of ours; a bank card's begins with another digit.
const GIFT_NUMBER = /^;?(0\d{15})(?:=\d{4,}\?.*)?$/;

/** @param {string} scanned */
function isOurs(scanned) {
  return [CODE, TAP, GIFT_NUMBER].some((form) => form.test(scanned));
}

/** @param {string} scanned */
function payerOf(scanned) {
  if (CODE.test(scanned)) return { code: scanned };
  return { card: GIFT_NUMBER.exec(scanned)?.[1] ?? scanned };
}

/** @param {import("./wire.js").Amount} amount */
function money({ amount_minor, currency }) {
  return formatMoney(amount_minor, currency);
}
