/**
 * The document: what is on it, printed, and what may still be done with it. A void or refund has a
 * key for what is chosen, so pressing again after a lost answer happens once.
 */

import { counter as text } from "../text/counter.js";
import { Problem, isFailedCall, isUnknown } from "./api.js";
import { inOurs, number, weights } from "./counter_words.js";
import { byId, el } from "./dom.js";
import { newKey } from "./keys.js";
import { formatMoney } from "./money.js";
import { timeOf } from "./times.js";
import { say, wordFor } from "./words.js";

/** @typedef {import("./counter_wire.js").Charge} Charge */
/** @typedef {import("./counter_wire.js").Emd} Emd */
/** @typedef {import("./counter_wire.js").Coupon} Coupon */

export class EmdStage {
  #keys = /** @type {Map<string, string>} */ (new Map());
  #picked = /** @type {Set<number>} */ (new Set());
  #busy = false;

  /**
   * @param {import("./api.js").Api} api
   * @param {{onChange: (charge: Charge) => void, onNext: () => void}} listener
   */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
    this.said = el("p", { class: "said", role: "status" });
  }

  /** @param {Charge} charge it has a document */
  open(charge) {
    this.#keys = new Map();
    this.said.textContent = "";
    this.#show(charge);
  }

  /** @param {Charge} charge */
  #show(charge) {
    this.charge = charge;
    const emd = /** @type {Emd} */ (charge.emd);
    this.#picked = new Set(emd.coupons.filter(isOpen).map((coupon) => coupon.number));
    this.acts = el("div", { class: "acts" });
    byId("stage-emd").replaceChildren(
      el(
        "header",
        { class: "emd-head" },
        el("span", { class: "soft", text: `${text.emd} · ${say(text.rfic, { rfic: emd.rfic })}` }),
        el("h2", { class: "emd-number" }, el("bdi", { dir: "ltr", text: emd.printed })),
        el("span", {}, chip(emd.status)),
      ),
      this.#facts(charge, emd),
      el("ol", { class: "coupons" }, ...emd.coupons.map((coupon) => this.#coupon(coupon))),
      el(
        "p",
        { class: "price-total" },
        el("span", { text: text.total }),
        el("span", { class: "figure", text: this.#money(charge.amount.amount_minor) }),
      ),
      this.said,
      this.acts,
    );
    this.#showActs();
  }

  /** @param {Charge} charge @param {Emd} emd */
  #facts({ booking, payment, way }, emd) {
    const facts = [
      [text.passenger, booking.given_name || text.forgotten],
      [text.trip, [booking.flight, booking.date, booking.route].filter(Boolean).join(" · ")],
      [text.bookingOf, booking.locator],
      [text.ticket, booking.ticket],
      [text.bags, weights(booking.bags)],
      [text.issued, `${emd.issued_at.slice(0, 10)} ${timeOf(emd.issued_at)}`],
      [text.paidBy, wordFor(text.ways, way)],
      [text.payment, payment ?? ""],
    ];
    const rows = facts
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [
        el("dt", { text: name }),
        el("dd", {}, el("bdi", { text: value })),
      ]);
    return el("dl", { class: "facts" }, ...rows);
  }

  /** @param {Coupon} coupon */
  #coupon(coupon) {
    const { rfisc, status, quantity, amount_minor } = coupon;
    const pick = /** @type {HTMLInputElement} */ (
      el("input", {
        type: "checkbox",
        checked: isOpen(coupon),
        disabled: !isOpen(coupon),
        "aria-label": say(text.pickCoupon, { number: number(coupon.number) }),
      })
    );
    pick.onchange = () => {
      if (pick.checked) this.#picked.add(coupon.number);
      else this.#picked.delete(coupon.number);
      this.#showActs();
    };
    const times = quantity > 1 ? ` × ${number(quantity)}` : "";
    return el(
      "li",
      { class: "coupon" },
      el("span", { class: "coupon-pick" }, pick),
      el("span", { class: "rfisc", text: rfisc }),
      el(
        "span",
        {},
        el("span", { class: "line-title", text: `${inOurs(coupon.text)}${times} ` }),
        chip(status),
        el("br"),
        el("span", { class: "soft small", text: say(text.coupon, { number: number(coupon.number) }) }),
      ),
      el("span", { class: "line-amount figure", text: this.#money(amount_minor) }),
    );
  }

  #showActs() {
    const charge = /** @type {Charge} */ (this.charge);
    const emd = /** @type {Emd} */ (charge.emd);
    const next = button(text.next, () => this.listener.onNext());
    next.className = "primary";
    const acts = [button(text.print, () => print())];
    if (emd.voidable_until && charge.status === "issued") {
      acts.push(this.#sure(text.void, () => this.#undo("void", {})));
    }
    if (this.#picked.size) {
      const coupons = [...this.#picked].sort();
      const chosen = emd.coupons.filter((coupon) => this.#picked.has(coupon.number));
      const minor = chosen.reduce((sum, coupon) => sum + coupon.amount_minor, 0);
      const label = say(text.refund, { amount: this.#money(minor) });
      acts.push(this.#sure(label, () => this.#undo("refund", { coupons })));
      acts.push(this.#sure(text.use, () => this.#use(coupons)));
    }
    this.acts?.replaceChildren(...acts, next);
    if (!this.said.textContent && emd.voidable_until) {
      const until = say(text.voidableUntil, { time: timeOf(emd.voidable_until) });
      this.acts?.append(el("p", { class: "soft small", text: until }));
    }
  }

  /** A button that asks once before it does. @param {string} label @param {() => void} does */
  #sure(label, does) {
    const asks = button(label, () => {
      if (asks.dataset.sure === undefined) {
        asks.dataset.sure = "";
        asks.textContent = text.sure;
      } else does();
    });
    asks.onblur = () => {
      delete asks.dataset.sure;
      asks.textContent = label;
    };
    return asks;
  }

  /** @param {"void"|"refund"} kind @param {{coupons?: number[]}} body */
  async #undo(kind, body) {
    const what = `${kind} ${body.coupons ?? ""}`;
    const key = this.#keys.get(what) ?? newKey(kind);
    this.#keys.set(what, key);
    await this.#do(async () => {
      const answer = await this.api.post(`${this.#path}/${kind}`, body, { key });
      if (answer.status === 202) {
        this.said.textContent = text.undoUnknown;
        return;
      }
      this.#keys.delete(what);
      const { amount, charge } = answer.body;
      this.said.textContent = say(text.undone, { amount: this.#money(amount.amount_minor) });
      this.#changed(charge);
    });
  }

  /** @param {number[]} coupons */
  async #use(coupons) {
    await this.#do(async () => {
      const { body } = await this.api.post(`${this.#path}/use`, { coupons });
      this.said.textContent = text.isUsed;
      this.#changed(body);
    });
  }

  get #path() {
    return `/v1/counter/charges/${this.charge?.id}`;
  }

  /** @param {() => Promise<void>} task */
  async #do(task) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await task();
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      const known = error instanceof Problem && !isUnknown(error);
      this.said.textContent = known ? /** @type {Error} */ (error).message : text.undoUnknown;
    } finally {
      this.#busy = false;
    }
  }

  /** @param {Charge} charge */
  #changed(charge) {
    this.#show(charge);
    this.listener.onChange(charge);
  }

  /** @param {number} minor */
  #money(minor) {
    return formatMoney(minor, /** @type {Charge} */ (this.charge).amount.currency);
  }
}

/** @param {Coupon} coupon */
function isOpen(coupon) {
  return coupon.status === "open";
}

/** @param {string} state */
export function chip(state) {
  return el("span", { class: "chip", "data-state": state, text: wordFor(text.states, state) });
}

/** @param {string} label @param {() => void} click */
function button(label, click) {
  return el("button", { type: "button", text: label, on: { click } });
}
