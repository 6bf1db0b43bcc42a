/**
 * Whose bags, and what they weigh. The price is the gateway's, asked anew whenever a bag changes;
 * an answer that comes after a later question is left aside.
 */

import { counter as text } from "../text/counter.js";
import { Problem, isFailedCall } from "./api.js";
import { inOurs, lineItem, number, weights } from "./counter_words.js";
import { byId, el } from "./dom.js";
import { formatMoney, parseDecimal } from "./money.js";
import { say } from "./words.js";

const BAGS_MAX = 12;
const KG_PLACES = 3;
// Long enough that "2" on its way to "23.5" asks for nothing.
const QUIET_MS = 250;
const BAG = "bag";

/** @typedef {import("./counter_wire.js").Booking} Booking */
/** @typedef {import("./counter_wire.js").Traveller} Traveller */
/** @typedef {import("./counter_wire.js").Wanted} Wanted */
/** @typedef {import("./counter_wire.js").Quote} Quote */

export class BagsStage {
  #asked = 0;
  #timer = 0;
  #bags = /** @type {{typed: string, item: string}[]} */ ([]);
  /** @type {Record<string, Record<string, string>>} */
  items = {};

  /** @param {import("./api.js").Api} api @param {(wanted: Wanted) => void} onCharge */
  constructor(api, onCharge) {
    this.api = api;
    this.wanted = /** @type {?Wanted} */ (null);
    byId("charge").onclick = () => this.wanted && onCharge(this.wanted);
    byId("bags").onsubmit = (/** @type {Event} */ event) => event.preventDefault();
  }

  /** @param {Booking} booking */
  open(booking) {
    this.booking = booking;
    byId("trip").replaceChildren(
      el(
        "p",
        { class: "trip-route" },
        el("bdi", { text: `${booking.origin} → ${booking.destination}` }),
        el("span", {
          class: "trip-flight",
          text: say(text.flight, { flight: booking.flight, date: booking.date }),
        }),
      ),
    );
    const choices = booking.travellers.map((one, index) => this.#choice(one, index));
    byId("travellers").replaceChildren(byId("travellers").firstElementChild, ...choices);
    this.#choose(booking.travellers[0]);
  }

  /** @param {Traveller} one @param {number} index */
  #choice(one, index) {
    const change = () => this.#choose(one);
    const radio = { type: "radio", name: "traveller", checked: index === 0, class: "unseen" };
    return el(
      "label",
      { class: "traveller" },
      el("input", { ...radio, on: { change } }),
      el("span", { text: one.given_name }),
      one.tier ? el("span", { class: "chip", text: one.tier }) : null,
    );
  }

  /** @param {Traveller} traveller */
  #choose(traveller) {
    this.traveller = traveller;
    const { kind, pieces, kg } = traveller.allowance;
    const included = kind === "piece" ? text.includedPieces : text.includedWeight;
    const lines = [say(included, { pieces: number(pieces), kg: number(kg) })];
    if (traveller.checked.length) {
      lines.push(say(text.checkedBefore, { bags: weights(traveller.checked) }));
    }
    byId("allowance").replaceChildren(...lines.map((line) => el("span", { text: line })));
    this.#bags = [{ typed: "", item: BAG }];
    this.#build();
    this.#price(null);
    byId("bags").querySelector("input")?.focus();
  }

  #build() {
    const rows = this.#bags.map((bag, index) => this.#row(bag, index));
    const click = () => {
      this.#bags.push({ typed: "", item: BAG });
      this.#build();
      const fields = byId("bags").querySelectorAll("input");
      fields[fields.length - 1].focus();
    };
    const props = { type: "button", class: "add-bag", text: text.addBag, on: { click } };
    const full = this.#bags.length >= BAGS_MAX;
    byId("bags").replaceChildren(...rows, ...(full ? [] : [el("button", props)]));
  }

  /** @param {{typed: string, item: string}} bag @param {number} index */
  #row(bag, index) {
    const id = `weight-${index}`;
    const field = /** @type {HTMLInputElement} */ (
      el("input", { id, inputmode: "decimal", autocomplete: "off", maxlength: 7, dir: "ltr" })
    );
    field.value = bag.typed;
    field.oninput = () => {
      bag.typed = field.value;
      this.#soon();
    };
    const kinds = [[BAG, text.bag], ...Object.entries(this.items).map(([k, t]) => [k, inOurs(t)])];
    const kind = /** @type {HTMLSelectElement} */ (
      el(
        "select",
        { id: `kind-${index}` },
        ...kinds.map(([value, label]) => el("option", { value, text: label })),
      )
    );
    kind.value = bag.item;
    kind.onchange = () => {
      bag.item = kind.value;
      this.#soon();
    };
    const shown = number(index + 1);
    return el(
      "fieldset",
      { class: "bag" },
      el("legend", { class: "unseen", text: say(text.bagNumber, { number: shown }) }),
      el("span", { class: "bag-number", "aria-hidden": "true", text: shown }),
      el("span", { class: "field" }, el("label", { for: id, text: text.weight }), field),
      el("span", { class: "field" }, el("label", { for: `kind-${index}`, text: text.kind }), kind),
      el("button", {
        type: "button",
        class: "quiet",
        text: "✕",
        "aria-label": say(text.removeBag, { number: shown }),
        disabled: this.#bags.length === 1,
        on: { click: () => this.#remove(index) },
      }),
    );
  }

  /** @param {number} index */
  #remove(index) {
    this.#bags.splice(index, 1);
    this.#build();
    this.#soon();
  }

  #soon() {
    this.#asked += 1;
    this.#price(null);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), QUIET_MS);
  }

  async #ask() {
    const asked = ++this.#asked;
    const says = byId("bags-says");
    says.textContent = "";
    const bags = this.#bags.map(({ typed, item }) => {
      return { weight_g: parseDecimal(typed, KG_PLACES) ?? 0, item };
    });
    const wrong = this.#bags.findIndex(({ typed }, index) => typed !== "" && !bags[index].weight_g);
    if (wrong >= 0) says.textContent = say(text.notAWeight, { number: number(wrong + 1) });
    if (bags.some(({ weight_g }) => !weight_g)) return;
    const ticket = this.traveller?.ticket ?? "";
    try {
      const { body } = await this.api.post("/v1/counter/quotes", { ticket, bags });
      if (asked !== this.#asked) return;
      this.wanted = body.lines.length ? { ticket, bags, amount: body.amount } : null;
      this.#price(body);
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      if (asked !== this.#asked) return;
      says.textContent = error instanceof Problem ? error.message : text.noAnswer;
    }
  }

  /** @param {?Quote} quote null: not known */
  #price(quote) {
    const button = byId("charge");
    if (quote === null) this.wanted = null;
    button.disabled = this.wanted === null;
    button.textContent = text.chargeNothing;
    if (quote === null || quote.lines.length === 0) {
      const says = quote === null ? text.weighFirst : text.nothingToPay;
      byId("price").replaceChildren(el("p", { class: "soft", text: says }));
      return;
    }
    const { currency, amount_minor } = quote.amount;
    const amount = formatMoney(amount_minor, currency);
    button.textContent = say(text.charge, { amount });
    byId("price").replaceChildren(
      el("ol", { class: "price-lines" }, ...quote.lines.map((line) => lineItem(line, currency))),
      el(
        "p",
        { class: "price-total" },
        el("span", { text: text.total }),
        el("span", { class: "figure", text: amount }),
      ),
    );
  }
}
