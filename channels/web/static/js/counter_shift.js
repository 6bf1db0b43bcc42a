/** The agent's shift: totals by currency and way, whether they tie to the ledger, and each charge. */

import { counter as text } from "../text/counter.js";
import { Problem, isFailedCall } from "./api.js";
import { chip } from "./counter_emd.js";
import { number } from "./counter_words.js";
import { byId, el } from "./dom.js";
import { formatMoney } from "./money.js";
import { sign } from "./sign.js";
import { timeOf } from "./times.js";
import { say, wordFor } from "./words.js";

/** @typedef {import("./counter_wire.js").Charge} Charge */
/** @typedef {import("./counter_wire.js").Report} Report */
/** @typedef {import("./counter_wire.js").Shift} Shift */
/** @typedef {import("./counter_wire.js").Total} Total */
/** @typedef {import("./counter_wire.js").Difference} Difference */

export class ShiftPanel {
  #shift = /** @type {?Shift} */ (null);

  /**
   * @param {import("./api.js").Api} api
   * @param {{onShow: (charge: Charge) => void, onClosed: () => void}} listener
   */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
    byId("find-emd").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#find(byId("emd-number").value.trim());
    };
    const close = byId("close-shift");
    close.onclick = () => {
      if (close.dataset.sure === undefined) {
        close.dataset.sure = "";
        close.textContent = text.closeSure;
      } else this.#close();
    };
    close.onblur = () => {
      delete close.dataset.sure;
      close.textContent = text.closeShift;
    };
    this.#empty();
  }

  /** @param {Shift} shift */
  open(shift) {
    this.#shift = shift;
    byId("close-shift").hidden = false;
    this.#refresh();
  }

  /** Something has happened to a charge: the totals are the gateway's. @param {Charge} _charge */
  learn(_charge) {
    this.#refresh();
  }

  async #refresh() {
    if (this.#shift === null) return;
    try {
      this.#show(await this.api.get(`/v1/counter/shifts/${this.#shift.id}`));
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      byId("shift-says").textContent = text.noAnswer;
    }
  }

  async #close() {
    try {
      const { body } = await this.api.post(`/v1/counter/shifts/${this.#shift?.id}/close`, {});
      this.#show(body);
      byId("close-shift").hidden = true;
      this.#shift = null;
      this.listener.onClosed();
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      byId("shift-says").textContent = text.noAnswer;
    }
  }

  /** @param {string} typed */
  async #find(typed) {
    const said = byId("emd-says");
    said.textContent = "";
    if (typed === "") return;
    try {
      const { body } = await this.api.post("/v1/counter/emds", { number: typed });
      this.listener.onShow(body);
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      said.textContent = error instanceof Problem ? error.message : text.noAnswer;
    }
  }

  #empty() {
    byId("charges").replaceChildren(el("li", { class: "soft", text: text.empty }));
  }

  /** @param {Report} report */
  #show({ shift, emds, unfinished, ties, totals, differences, charges }) {
    const closed = shift.closed_at;
    const says = closed ? text.closedAt : text.since;
    const facts = [say(says, { time: timeOf(closed ?? shift.opened_at), emds: number(emds) })];
    if (unfinished) facts.push(say(text.unfinished, { count: number(unfinished) }));
    byId("shift-says").textContent = facts.join(" · ");
    byId("totals").replaceChildren(...totals.map(totalOf));
    byId("ties").replaceChildren(tiesOf(ties, differences));
    byId("charges").replaceChildren(...charges.map((charge) => this.#row(charge)));
    if (charges.length === 0) this.#empty();
  }

  /** @param {Charge} charge */
  #row(charge) {
    const { amount, booking, emd, status, at } = charge;
    const state = emd && status === "issued" ? emd.status : status;
    const click = () => this.listener.onShow(charge);
    const who = [booking.given_name, booking.route].filter(Boolean).join(" · ");
    const title = el("bdi", { class: "row-title", dir: "ltr", text: emd?.printed ?? charge.reference });
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "row", "data-charge": charge.id, on: { click } },
        title,
        el("span", { class: "figure", text: formatMoney(amount.amount_minor, amount.currency) }),
        el("span", { class: "soft small", text: `${timeOf(at)} · ${who}` }),
        chip(state),
      ),
    );
  }
}

/** @param {Total} total */
function totalOf({ currency, way, ...sums }) {
  const rows = [
    [say(text.charged, { count: number(sums.charges) }), sums.charged_minor, ""],
    [say(text.voided, { count: number(sums.voids) }), -sums.voided_minor, ""],
    [say(text.refunded, { count: number(sums.refunds) }), -sums.refunded_minor, ""],
    [text.net, sums.net_minor, "net"],
  ];
  return el(
    "section",
    {},
    el("h3", { text: wordFor(text.ways, way) }),
    el(
      "dl",
      { class: "total" },
      ...rows
        .filter(([, minor, kind]) => minor || kind)
        .flatMap(([name, minor, kind]) => [
          el("dt", { class: kind, text: name }),
          el("dd", { class: `figure ${kind}`, text: formatMoney(Number(minor), currency) }),
        ]),
    ),
  );
}

/** @param {boolean} ties @param {Difference[]} differences */
function tiesOf(ties, differences) {
  const named = differences.map(({ what, payment, currency, counter_minor, ledger_minor }) => {
    const ours = formatMoney(counter_minor, currency);
    const theirs = formatMoney(ledger_minor, currency);
    return el("p", { class: "small", text: say(text.difference[what], { payment, ours, theirs }) });
  });
  const words = el("div", {}, el("span", { text: ties ? text.ties : text.differs }), ...named);
  const tone = ties ? "yes" : "unsure";
  return el("div", { class: "ties", "data-ties": ties ? "yes" : "no" }, sign(tone), words);
}
