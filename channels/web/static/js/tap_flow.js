/** One tap and its end, as the customer sees it: wait, perhaps not known yet, then what became of it. */

import { pay as text } from "../text/pay.js";
import { formatMoney } from "./money.js";
import { say } from "./words.js";

/** @typedef {import("./verdict_box.js").Choice} Choice */
/**
 * @typedef {object} Flow
 * @property {import("./tap_payment.js").TapPayment} payment
 * @property {import("./verdict_box.js").VerdictBox} box
 * @property {import("./wire.js").Amount} amount
 * @property {?string} merchant
 * @property {() => void} again what "Try again" does
 * @property {Choice} done where to go from here
 * @property {() => Promise<boolean>} [isPaid] whether a refusal only means that it was paid meanwhile
 */

/** @param {Flow} flow @returns {Promise<boolean>} whether it is paid, and was not said so yet */
export async function tapAndSay(flow) {
  const { payment, box } = flow;
  box.put({ tone: "asking", title: text.paying, says: text.payingSays });
  const unknown = { title: text.unknown, says: text.unknownSays };
  const end = await payment.tap(() => box.put({ tone: "unsure", ...unknown }));
  if (end.end === "refused" && (await flow.isPaid?.())) return true;
  box.put(verdictOf(flow, end));
  return false;
}

/** @param {Flow} flow @param {import("./tap_payment.js").End} end */
function verdictOf(flow, { end, says, problem }) {
  const again = { label: text.tryAgain, does: flow.again };
  if (end === "paid") {
    const amount = formatMoney(flow.amount.amount_minor, flow.amount.currency);
    const merchant = flow.merchant ?? text.someMerchant;
    return {
      tone: /** @type {const} */ ("yes"),
      title: say(text.paid, { amount }),
      says: say(text.paidSays, { merchant }),
      choices: [flow.done],
    };
  }
  if (end === "unknown") {
    const ask = { label: text.askAgain, does: () => tapAndSay(flow) };
    const tone = /** @type {const} */ ("unsure");
    return { tone, title: text.stillUnknown, says: text.unknownSays, choices: [ask] };
  }
  if (problem === "way-not-chosen") return askForWay(flow);
  const tone = /** @type {const} */ ("no");
  if (end === "refused") return { tone, title: text.refused, says, choices: [again] };
  return { tone, title: text.declined, says, choices: [again, flow.done] };
}

/** The default is of another currency, and a tap must not spend what it was not meant to. @param {Flow} flow */
function askForWay(flow) {
  const { currency } = flow.amount;
  const does = () => {
    flow.payment.body = { ...flow.payment.body, way: currency };
    tapAndSay(flow);
  };
  return {
    tone: /** @type {const} */ ("unsure"),
    title: text.otherWay,
    says: say(text.otherWaySays, { currency }),
    choices: [{ label: say(text.payFrom, { currency }), does }, flow.done],
  };
}
