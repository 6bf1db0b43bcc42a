/** Attempts that are still being reversed while the till serves others. */

import { till as text } from "../text/till.js";
import { el } from "./dom.js";
import { formatMoney } from "./money.js";
import { say } from "./words.js";

/** @typedef {import("./attempts.js").Attempt} Attempt */
/** @typedef {import("./sale.js").Outcome} Outcome */

/** @type {Record<Outcome["end"], string>} */
const ENDS = {
  approved: text.approved,
  declined: text.declined,
  undone: text.undone,
  refused: text.refused,
  stuck: text.stuck,
};

export class Unsettled {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  /** @param {Attempt} attempt @param {Promise<Outcome>} outcome */
  async follow({ amount, order }, outcome) {
    const state = el("strong", { text: text.unsettled });
    const money = formatMoney(amount.amount_minor, amount.currency);
    const says = el("span", { text: say(text.unsettledSays, { amount: money, order }) });
    const item = el("li", {}, state, says);
    this.list.append(item);
    const { end } = await outcome;
    state.textContent = ENDS[end];
    item.dataset.end = end;
    const clear = el("button", { type: "button", class: "quiet", text: text.clear });
    clear.onclick = () => item.remove();
    item.append(clear);
  }
}
