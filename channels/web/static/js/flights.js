/**
 * Flights from the ground, for operators and the crew's lead: where each one is, what its tills have
 * told, whether that is in the ledger, and what a person must look at. Read anew every two seconds.
 */

import { flights as text } from "../text/flights.js";
import { Problem, isFailedCall } from "./api.js";
import { byId, el } from "./dom.js";
import { Frame } from "./frame.js";
import { formatMoney } from "./money.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { fillPage, say, wordFor } from "./words.js";

const AGAIN_MS = 2_000;
const NEXT = { open: "boarded", boarded: "airborne", airborne: "landed" };

/** @typedef {{id: string, number: string, date: string, legs: string[], aircraft: string,
 *   currency: string, status: string, tills: number}} Flight */
/** @typedef {{first: number, last: ?number}} Gap */
/** @typedef {{number: number, name: string, entries: number, missing: Gap[], two_stories: number[],
 *   reported: boolean, sales: number, sold_minor: number, lost_minor: number}} Till */
/** @typedef {{id: string, text: string, till: number, entry: number, closed_at: ?string}} Case */

class FlightsPage {
  #one = /** @type {?string} */ (null);

  /** @param {Session} session @param {Frame} frame @param {boolean} operator */
  constructor(session, frame, operator) {
    this.api = session.api;
    this.frame = frame;
    this.operator = operator;
  }

  async start() {
    byId("flights").hidden = false;
    for (;;) {
      if (!document.hidden) await this.#read();
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }

  async #read() {
    await this.#try(async () => {
      /** @type {{flights: Flight[]}} */
      const { flights } = await this.api.get("/v1/flights");
      this.#one ??= flights[0]?.id ?? null;
      const rows = flights.map((flight) => this.#row(flight));
      const none = el("li", { class: "soft", text: text.none });
      byId("list").replaceChildren(...(rows.length ? rows : [none]));
      if (this.#one) this.#show(await this.api.get(`/v1/flights/${this.#one}`));
      this.frame.showConnection("live");
    });
  }

  /** @param {() => Promise<void>} task */
  async #try(task) {
    try {
      await task();
      byId("says").textContent = "";
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      const refused = error instanceof Problem;
      this.frame.showConnection(refused ? "live" : "waiting");
      byId("says").textContent = refused ? error.message : text.noAnswer;
    }
  }

  /** @param {Flight} flight */
  #row(flight) {
    const choose = () => {
      this.#one = flight.id;
      this.#read();
    };
    const values = { ...flight, legs: flight.legs.join(", ") };
    return row(
      el("button", {
        class: "row-title quiet", type: "button", text: flight.number, on: { click: choose },
      }),
      say(text.line, values),
      wordFor(text.states, flight.status),
    );
  }

  /** @param {any} report */
  #show(report) {
    const { flight } = report;
    byId("one").hidden = false;
    byId("one-title").textContent = `${flight.number} · ${flight.date}`;
    const life = Object.entries(text.states).map(([state, word]) =>
      el("li", { text: word, "aria-current": state === flight.status ? "step" : null }),
    );
    byId("life").replaceChildren(...life);
    this.#moves(flight);
    this.#figures(report);
    const ties = byId("ties");
    ties.textContent = report.ties ? text.ties : text.tiesNot;
    ties.dataset.state = report.ties ? "yes" : "no";
    byId("complete").textContent = completeness(report);
    byId("tills").replaceChildren(...report.tills.map((/** @type {Till} */ till) =>
      tillRow(till, flight.currency)));
    byId("categories").replaceChildren(...report.categories.map((/** @type {any} */ sum) =>
      row(
        el("span", { class: "row-title", text: sum.category }),
        say(text.articles, { count: sum.articles }),
        formatMoney(sum.amount_minor, flight.currency),
      )));
    this.#cases(report.cases);
  }

  /** @param {Flight} flight */
  #moves(flight) {
    const to = NEXT[/** @type {"open"} */ (flight.status)];
    const move = () =>
      this.#try(async () => {
        await this.api.post(`/v1/flights/${flight.id}/move`, { to });
        await this.#read();
      });
    const button = to && el("button", {
      type: "button", text: wordFor(text.moves, to), on: { click: move },
    });
    byId("moves").replaceChildren(...(button ? [button] : []));
  }

  /** @param {any} report */
  #figures(report) {
    const figures = [
      [text.setAside, report.set_aside_minor],
      [text.sold, report.sold_minor],
      [text.captured, report.captured_minor],
      [text.risk, report.risk_minor],
      [text.unpaid, report.unpaid_minor],
      [text.held, report.held_minor],
      [text.released, report.released_minor],
    ].map(([name, minor]) =>
      el(
        "div",
        {},
        el("dt", { class: "soft small", text: name }),
        el("dd", { class: "figure", text: formatMoney(minor, report.flight.currency) }),
      ),
    );
    byId("figures").replaceChildren(...figures);
  }

  /** @param {Case[]} cases */
  #cases(cases) {
    const rows = cases.map((one) => {
      const close = () =>
        this.#try(async () => {
          await this.api.post(`/v1/flight-cases/${one.id}/close`, {});
          await this.#read();
        });
      const open = this.operator && one.closed_at === null;
      const button = open
        ? el("button", { type: "button", text: text.closeCase, on: { click: close } })
        : null;
      const closed = one.closed_at === null ? "" : text.caseClosed;
      const shown = row(
        el("span", { class: "row-title", text: one.text }),
        say(text.place, one),
        closed,
      );
      if (button) shown.append(el("div", { class: "row-acts" }, button));
      return shown;
    });
    const none = el("li", { class: "soft", text: text.noCases });
    byId("cases").replaceChildren(...(rows.length ? rows : [none]));
  }
}

/** @param {HTMLElement} title @param {string} says @param {string} end */
function row(title, says, end) {
  return el(
    "li",
    { class: "row" },
    el("div", { class: "row-what" }, title, el("span", { class: "soft small", text: says })),
    el("span", { class: "figure", text: end }),
  );
}

/** @param {Till} till @param {string} currency */
function tillRow(till, currency) {
  const gaps = till.missing.map(({ first, last }) =>
    last === null ? say(text.from, { first }) : first === last ? first : `${first}–${last}`);
  const stories = till.two_stories.join(", ");
  const says = [
    say(text.till, till),
    gaps.length ? say(text.missing, { gaps: gaps.join(", ") }) : "",
    stories ? say(text.twoStories, { stories }) : "",
    till.lost_minor ? say(text.lost, { amount: formatMoney(till.lost_minor, currency) }) : "",
  ];
  const told = till.reported ? text.reported : text.waiting;
  return row(
    el("span", { class: "row-title", text: `${till.name} · ${told}` }),
    says.filter(Boolean).join(" · "),
    formatMoney(till.sold_minor, currency),
  );
}

/** @param {any} report */
function completeness(report) {
  if (report.complete) return text.complete;
  if (report.report_until === null) return text.incompleteYet;
  return say(text.incomplete, { until: new Date(report.report_until).toLocaleString() });
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("office");
  const me = await enter({
    session, frame, admits: (who) => who.scopes.includes("payments"),
  });
  new FlightsPage(session, frame, me.kind === "operator").start();
}

main();
