/** What the counter's stages say alike: a tariff's text, a weight, a line of a price. */

import { counter as text } from "../text/counter.js";
import { el } from "./dom.js";
import { LANGUAGE } from "./language.js";
import { formatMoney } from "./money.js";
import { say } from "./words.js";

const kilograms = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 3 });
const counts = new Intl.NumberFormat(LANGUAGE, { useGrouping: false });
const list = new Intl.ListFormat(LANGUAGE, { type: "conjunction" });

/** In the reader's language, or in English, which each tariff has. @param {Record<string, string>} texts */
export function inOurs(texts) {
  return texts[LANGUAGE.slice(0, 2)] ?? texts.en;
}

/** @param {number} count */
export function number(count) {
  return counts.format(count);
}

/** "23.5 kg". @param {number} weight_g */
export function weight(weight_g) {
  return say(text.kilograms, { kg: kilograms.format(weight_g / 1000) });
}

/** @param {number[]} numbers of bags */
export function several(numbers) {
  return list.format(numbers.map(number));
}

/** "23.5 kg, 18 kg". @param {import("./counter_wire.js").Bag[]} bags */
export function weights(bags) {
  return bags.map((bag) => weight(bag.weight_g)).join(", ");
}

/** @param {import("./counter_wire.js").Line} line @param {string} currency */
export function lineItem(line, currency) {
  const why = text.why[/** @type {keyof typeof text.why} */ (line.charge)] ?? "";
  const reason = say(why, { bags: several(line.bags), included: number(line.included) });
  const each = formatMoney(line.unit_minor, currency);
  const times = say(text.times, { quantity: number(line.quantity), amount: each });
  return el(
    "li",
    { class: "price-line" },
    el("span", { class: "rfisc", text: line.rfisc }),
    el(
      "span",
      {},
      el("span", { class: "line-title", text: inOurs(line.text) }),
      el("br"),
      el("span", { class: "soft small", text: reason }),
      ...(line.quantity > 1 ? [el("br"), el("span", { class: "soft small", text: times })] : []),
    ),
    el("span", { class: "line-amount figure", text: formatMoney(line.amount_minor, currency) }),
  );
}
