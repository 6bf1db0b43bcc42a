/**
 * An agency's page: what it may spend, its payment numbers, its tickets, its statement.
 *
 * As on the wallet, the stream only says that something changed; what stands here is read anew.
 */

import { agent as text } from "../text/agent.js";
import { Numbers } from "./agency_numbers.js";
import { field, isTypedIn, statementTable, sureButton, ticketRow } from "./agency_rows.js";
import { isFailedCall, isUnknown, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { EventStream } from "./events.js";
import { Frame } from "./frame.js";
import { newKey } from "./keys.js";
import { formatMoney, parseMoney, typedNumber } from "./money.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { fillPage, say } from "./words.js";

const PAGE = 10;

/** @typedef {{currency: string, available_minor: number, held_minor: number,
 *   spendable_minor: number, alert_below_minor: number, low: boolean,
 *   credit_limit_minor: number, credit_drawn_minor: number}} Pot */
/** @typedef {import("./agency_rows.js").Ticket} Ticket */

class AgentPage {
  #reading = /** @type {?Promise<void>} */ (null);
  #shown = PAGE;

  /** @param {Session} session signed in @param {Frame} frame */
  constructor(session, frame) {
    this.session = session;
    this.api = session.api;
    this.frame = frame;
    this.numbers = new Numbers(session.api);
    this.from = /** @type {HTMLInputElement} */ (el("input", { type: "date" }));
    this.to = /** @type {HTMLInputElement} */ (el("input", { type: "date" }));
    this.currency = /** @type {HTMLSelectElement} */ (el("select"));
  }

  start() {
    byId("agent").hidden = false;
    byId("more").onclick = () => {
      this.#shown += PAGE;
      this.#read();
    };
    const csv = el("button", { type: "button", text: text.csv });
    csv.onclick = () => this.#download();
    byId("period").append(
      field("from", text.from, this.from),
      field("to", text.to, this.to),
      field("statement-currency", text.currency, this.currency),
      el("button", { class: "primary", text: text.show }),
      csv,
    );
    byId("period").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#read();
    };
    const stream = new EventStream(this.api, {
      onEvent: () => this.#read(),
      onState: (state) => this.#onStream(state),
    });
    stream.run();
  }

  /** @param {import("./events.js").StreamState} state */
  #onStream(state) {
    if (state === "refused") return this.session.leave();
    const lost = navigator.onLine ? "waiting" : "offline";
    this.frame.showConnection(state === "live" ? "live" : lost);
    if (state === "live") this.#read();
  }

  /** One reading at a time; what happens meanwhile is seen by the next one. */
  async #read() {
    const before = this.#reading;
    this.#reading = (async () => {
      await before;
      try {
        await this.#readNow();
      } catch (error) {
        if (!isFailedCall(error)) throw error;
      }
    })();
    return this.#reading;
  }

  async #readNow() {
    const agency = await this.api.get("/v1/agency");
    byId("agency").textContent = agency.name;
    const user = this.session.me?.name ?? "";
    byId("agency-says").textContent = say(text.code, { code: agency.iata_code, user });
    const open = agency.status === "open";
    byId("agency-state").textContent = open ? "" : say(text.frozen, { status: agency.status });
    if (!isTypedIn(byId("pots"))) {
      byId("pots").replaceChildren(...agency.pots.map((/** @type {Pot} */ pot) => this.#pot(pot)));
    }
    const currencies = agency.pots.map((/** @type {Pot} */ pot) => pot.currency);
    this.numbers.offer(currencies);
    // Once: a date that is half typed has no value yet, and whatever happens reads the page again.
    if (!this.currency.children.length) {
      this.from.value = this.to.value = dayAt(new Date(), agency.utc_offset_min);
      this.currency.append(...currencies.map((/** @type {string} */ code) => el("option", { text: code })));
    }
    await Promise.all([this.numbers.read(), this.#readTickets(), this.#readStatement()]);
  }

  /** @param {Pot} pot */
  #pot(pot) {
    const { currency } = pot;
    const facts = [[text.available, pot.available_minor], [text.held, pot.held_minor]];
    if (pot.credit_limit_minor) {
      facts.push([text.credit, pot.spendable_minor - pot.available_minor]);
      facts.push([text.owed, pot.credit_drawn_minor]);
    }
    const below = formatMoney(pot.alert_below_minor, currency);
    return el(
      "li",
      { class: "pot card", "data-low": pot.low },
      el("span", { class: "pot-spendable figure", text: formatMoney(pot.spendable_minor, currency) }),
      pot.low ? el("p", { class: "said small", role: "status", text: say(text.low, { amount: below }) }) : null,
      el(
        "dl",
        {},
        ...facts.flatMap(([name, minor]) => [
          el("dt", { text: String(name) }),
          el("dd", { class: "figure", text: formatMoney(Number(minor), currency) }),
        ]),
      ),
      this.#alertForm(pot),
    );
  }

  /** @param {Pot} pot */
  #alertForm({ currency, alert_below_minor }) {
    const input = /** @type {HTMLInputElement} */ (
      el("input", { id: `alert-${currency}`, inputmode: "decimal", autocomplete: "off" })
    );
    input.value = typedNumber(alert_below_minor, currency);
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const below_minor = parseMoney(input.value, currency);
      if (below_minor === null) return;
      input.blur();
      await this.api.post("/v1/agency/alerts", { below_minor, currency });
      await this.#read();
    };
    const label = say(text.alertBelow, { currency });
    return el(
      "form",
      { class: "alert-form", on: { submit } },
      el("label", { for: `alert-${currency}`, text: label }),
      input,
      el("button", { text: text.alertSet }),
    );
  }

  async #readTickets() {
    const { tickets, next } = await this.api.get(`/v1/agency/tickets?limit=${this.#shown}`);
    const rows = tickets.map((/** @type {Ticket} */ ticket) => ticketRow(ticket, ...this.#acts(ticket)));
    const none = el("li", { class: "soft", text: text.noTickets });
    byId("tickets").replaceChildren(...(rows.length ? rows : [none]));
    byId("more").hidden = next === null;
  }

  /** @param {Ticket} ticket @returns {HTMLElement[]} */
  #acts(ticket) {
    if (ticket.status !== "issued") return [];
    const left_minor = ticket.amount.amount_minor - ticket.refunded_minor;
    const acts = [];
    if (ticket.voidable_until && !ticket.refunded_minor) {
      const path = `/v1/agency/tickets/${ticket.id}/void`;
      acts.push(sureButton({ label: text.void, sure: text.voidSure }, () => this.#undo(path, {})));
    }
    if (left_minor) {
      const amount = formatMoney(left_minor, ticket.amount.currency);
      const body = { clearance_id: ticket.clearance_id };
      const words = { label: text.refund, sure: say(text.refundSure, { amount }) };
      acts.push(sureButton(words, () => this.#undo("/v1/agency/refunds", body, newKey("refund"))));
    }
    return acts;
  }

  /** @param {string} path @param {object} body @param {string} [key] */
  async #undo(path, body, key) {
    try {
      const { status } = await this.api.post(path, body, { key });
      byId("tickets-say").textContent = status === 202 ? text.unknown : "";
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      const words = error instanceof Problem ? error.message : text.noAnswer;
      byId("tickets-say").textContent = isUnknown(error) ? text.unknown : words;
    }
    await this.#read();
  }

  get #query() {
    const chosen = { from: this.from.value, to: this.to.value, currency: this.currency.value };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
  }

  async #readStatement() {
    try {
      const statement = await this.api.get(`/v1/agency/statement?${this.#query}`);
      byId("statement").replaceChildren(statementTable(statement));
      byId("statement-says").textContent = "";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      byId("statement-says").textContent = error.message;
    }
  }

  async #download() {
    const answer = await fetch(`/v1/agency/statement.csv?${this.#query}`, { headers: this.api.identity });
    if (!answer.ok) return;
    const href = URL.createObjectURL(await answer.blob());
    const download = `statement-${this.currency.value}-${this.from.value}.csv`;
    el("a", { href, download }).click();
    URL.revokeObjectURL(href);
  }
}

/**
 * 2026-11-22, where the agency is: its statement counts days there, wherever it is read.
 *
 * @param {Date} date @param {number} utc_offset_min
 */
function dayAt(date, utc_offset_min) {
  const there = new Date(date.getTime() + utc_offset_min * 60_000);
  return there.toISOString().slice(0, 10);
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("agent");
  await enter({ session, frame, admits: (who) => who.kind === "agent" });
  new AgentPage(session, frame).start();
}

main();
