/** The till's answer, large enough to be read across a counter. */

import { till as text } from "../text/till.js";
import { byId, el } from "./dom.js";
import { formatMoney } from "./money.js";
import { sign } from "./sign.js";
import { timeOf } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("./sale.js").Outcome} Outcome */
/** @typedef {import("./sale.js").Stage} Stage */
/** @typedef {import("./attempts.js").Attempt} Attempt */
/** @typedef {{tone: import("./sign.js").Tone, title: string, says: string,
 *   small: string}} Verdict */

/** @type {Record<Stage, {title: string, says: string}>} */
const WAITING = {
  asking: { title: text.asking, says: text.askingSays },
  looking: { title: text.looking, says: text.lookingSays },
  reversing: { title: text.reversing, says: text.reversingSays },
  reverse_late: { title: text.reverseLate, says: text.reverseLateSays },
};

/** @param {Stage} stage @param {Attempt} attempt */
export function showWaiting(stage, attempt) {
  const { title, says } = WAITING[stage];
  const face = stage === "asking" ? el("span", { class: "spinner" }) : sign("unsure");
  put({ tone: stage === "asking" ? "asking" : "unsure", title, says, small: "" }, face, attempt);
}

/** @param {Outcome} outcome @param {Attempt} attempt */
export function showOutcome(outcome, attempt) {
  const verdict = verdictOf(outcome);
  put(verdict, sign(verdict.tone), attempt);
}

/** @param {Outcome} outcome @returns {Verdict} */
function verdictOf({ end, payment, says }) {
  if (end === "approved") return approvedOf(/** @type {any} */ (payment));
  if (end === "declined") {
    const decline = /** @type {import("./wire.js").Decline} */ (payment?.decline);
    const small = decline.retriable ? text.declinedAgain : text.declinedFinal;
    const code = decline.response_code;
    return { tone: "no", title: text.declined, says: decline.text, small: say(small, { code }) };
  }
  if (end === "undone") return { tone: "no", title: text.undone, says: text.undoneSays, small: "" };
  if (end === "refused") return { tone: "no", title: text.refused, says, small: "" };
  return { tone: "unsure", title: text.stuck, says: say(text.stuckSays, { says }), small: "" };
}

/** @param {import("./wire.js").Payment} payment @returns {Verdict} */
function approvedOf(payment) {
  const values = { order: payment.order ?? "", time: timeOf(payment.at) };
  const small = say(text.resultOrder, values);
  if (payment.remaining_minor > 0 && payment.captured_minor === 0) {
    return { tone: "held", title: text.held, says: text.heldSays, small };
  }
  return { tone: "yes", title: text.approved, says: payment.merchant_name ?? "", small };
}

/** @param {{tone: string, title: string, says: string, small: string}} verdict
 *  @param {Element} face @param {Attempt} attempt */
function put({ tone, title, says, small }, face, { amount }) {
  const money = formatMoney(amount.amount_minor, amount.currency);
  const root = byId("verdict");
  root.parentElement.dataset.tone = tone;
  root.replaceChildren(
    face,
    el("p", { class: "verdict-amount figure", text: money }),
    el("h2", { class: "verdict-title", text: title }),
    el("p", { text: says }),
    el("p", { class: "verdict-small", text: small }),
  );
}
