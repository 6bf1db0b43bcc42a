/** The start page: what this is, and whom a demo lets one be. */

import { start as text } from "../text/start.js";
import { byId, el } from "./dom.js";
import { Frame } from "./frame.js";
import { demoChoices } from "./session.js";
import { patiently } from "./sign_in.js";
import { fillPage } from "./words.js";

/** @typedef {import("./wire.js").SignInChoice} SignInChoice */

const SIDES = [
  { page: "/wallet", title: text.travellers, says: text.travellersSays, open: text.openWallet },
  // Of the same people as the wallet.
  { page: "/flight", of: "/wallet", title: text.board, says: text.boardSays, open: text.openBoard },
  { page: "/till", title: text.merchants, says: text.merchantsSays, open: text.openTill },
  { page: "/counter", title: text.counters, says: text.countersSay, open: text.openCounter },
  // Of operators too: they approve what an office asks for.
  { page: "/business", of: "/agencies", title: text.offices, says: text.officesSay, open: text.openOffice },
  { page: "/agents", title: text.agents, says: text.agentsSay, open: text.openAgents },
  { page: "/agencies", title: text.operators, says: text.operatorsSay, open: text.openAgencies },
  // Of the same people as the page of agencies.
  { page: "/terminals", of: "/agencies", title: text.registry, says: text.registrySays, open: text.openTerminals },
  { page: "/flights", of: "/agencies", title: text.flights, says: text.flightsSay, open: text.openFlights },
];

/** A link, not a button: it opens in a window of its own if somebody likes. */
function cardOf(/** @type {SignInChoice} */ { who, label }, /** @type {string} */ page) {
  return el(
    "a",
    { class: "person", href: `${page}#as=${encodeURIComponent(who)}` },
    el("span", { class: "person-name", text: label }),
    el("span", { class: "person-go", "aria-hidden": "true", text: "→" }),
  );
}

/** @param {typeof SIDES[number]} side @param {SignInChoice[]} choices */
function sideOf({ page, title, says, open, of }, choices) {
  const here = choices.filter((choice) => choice.page === page || choice.page === of);
  const door = el("a", { class: "person", href: page, text: open });
  const cards = here.length ? here.map((choice) => cardOf(choice, page)) : [door];
  return el(
    "section",
    { class: "side card" },
    el("h2", { text: title }),
    el("p", { class: "soft", text: says }),
    el("div", { class: "side-people" }, ...cards),
  );
}

async function main() {
  fillPage(text);
  const frame = new Frame("");
  const choices = (await patiently(demoChoices)) ?? [];
  if (choices.length) frame.showDemo();
  byId("people").replaceChildren(...SIDES.map((side) => sideOf(side, choices)));
  byId("hint").textContent = choices.length ? text.twoWindows : text.noDemo;
}

main();
