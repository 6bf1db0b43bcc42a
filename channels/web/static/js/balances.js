/** The pots of an account. A held part is drawn broken, like the marking one waits at. */

import { wallet as text } from "../text/wallet.js";
import { el } from "./dom.js";
import { currencyName, formatMoney, formatNumber } from "./money.js";

const PERCENT = 100n;

/** @param {HTMLElement} list @param {import("./wire.js").Account} account */
export function showBalances(list, account) {
  list.replaceChildren(...account.pots.map(potItem));
}

/** @param {import("./wire.js").Pot} pot */
function potItem(pot) {
  const { currency } = pot;
  return el(
    "li",
    { class: "pot card", "data-pot": pot.pot },
    el(
      "p",
      { class: "pot-available" },
      el("strong", { class: "figure", text: formatNumber(pot.available_minor, currency) }),
      ` ${currencyName(currency)} `,
      el("span", { class: "soft", text: text.available }),
    ),
    bar(pot),
    el(
      "dl",
      { class: "pot-rest" },
      el("dt", { text: text.held }),
      el("dd", { class: "figure", text: formatMoney(pot.held_minor, currency) }),
      el("dt", { text: text.posted }),
      el("dd", { class: "figure", text: formatMoney(pot.posted_minor, currency) }),
    ),
  );
}

/** @param {import("./wire.js").Pot} pot */
function bar(pot) {
  const held = el("span", { class: "pot-held" });
  held.hidden = pot.held_minor === 0;
  if (pot.posted_minor > 0) {
    held.style.flexBasis = `${(BigInt(pot.held_minor) * PERCENT) / BigInt(pot.posted_minor)}%`;
  }
  const look = pot.posted_minor === 0 ? "pot-bar pot-empty" : "pot-bar";
  const free = el("span", { class: "pot-free" });
  return el("div", { class: look, "aria-hidden": "true" }, free, held);
}
