/** All agencies, for operators: balances, who is low, and one of them in detail. */

import { agencies as text } from "../text/agencies.js";
import { chip, field, isTypedIn, statementTable, sureButton, ticketRow } from "./agency_rows.js";
import { isFailedCall, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { EventStream } from "./events.js";
import { Frame } from "./frame.js";
import { newKey } from "./keys.js";
import { formatMoney, parseMoney, typedNumber } from "./money.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { fillPage, say } from "./words.js";

/** @typedef {{id: string, name: string, iata_code: string, account: string, status: string,
 *   pots: import("./agent.js").Pot[]}} Agency */
/** @typedef {import("./agent.js").Pot} Pot */
/** @typedef {{id: string, name: string, disabled: boolean}} User */

class OfficePage {
  #reading = /** @type {?Promise<void>} */ (null);
  #one = /** @type {?string} */ (null);

  /** @param {Session} session @param {Frame} frame */
  constructor(session, frame) {
    this.session = session;
    this.api = session.api;
    this.frame = frame;
  }

  start() {
    byId("office").hidden = false;
    this.#openForm();
    const stream = new EventStream(this.api, {
      onEvent: () => this.#read(),
      onState: (state) => {
        if (state === "refused") return this.session.leave();
        this.frame.showConnection(state === "live" ? "live" : "waiting");
        if (state === "live") this.#read();
      },
    });
    stream.run();
  }

  async #read() {
    const before = this.#reading;
    this.#reading = (async () => {
      await before;
      await this.#try(() => this.#readNow(), "office-says");
    })();
    return this.#reading;
  }

  /** @param {() => Promise<void>} task @param {string} where */
  async #try(task, where) {
    try {
      await task();
      byId(where).textContent = "";
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      byId(where).textContent = error instanceof Problem ? error.message : text.noAnswer;
    }
  }

  async #readNow() {
    /** @type {{agencies: Agency[]}} */
    const { agencies } = await this.api.get("/v1/agencies");
    const low = agencies.filter((agency) => agency.pots.some((pot) => pot.low)).length;
    byId("summary").textContent = say(text.summary, { count: agencies.length, low });
    const none = el("li", { class: "soft", text: text.none });
    const rows = agencies.map((agency) => this.#row(agency));
    byId("agencies").replaceChildren(...(rows.length ? rows : [none]));
    if (this.#one) await this.#readOne(this.#one);
  }

  /** @param {Agency} agency */
  #row(agency) {
    const show = el("button", { type: "button", text: text.show });
    show.onclick = async () => {
      this.#one = agency.id;
      await this.#read();
      byId("one").scrollIntoView({ block: "start" });
    };
    const title = el("span", { class: "row-title", text: agency.name });
    if (agency.status !== "open") title.append(chip(agency.status));
    const balances = agency.pots.map((pot) => {
      const line = el("span", { class: "figure" }, formatMoney(pot.spendable_minor, pot.currency));
      if (pot.held_minor) {
        const amount = formatMoney(pot.held_minor, pot.currency);
        line.append(el("span", { class: "soft small", text: ` ${say(text.held, { amount })}` }));
      }
      if (pot.low) line.append(" ", el("span", { class: "chip", "data-state": "low", text: text.low }));
      return line;
    });
    return el(
      "li",
      { class: "row row-three" },
      el("div", { class: "row-what" }, title, el("span", { class: "soft small", text: `IATA ${agency.iata_code}` })),
      el("div", { class: "row-what row-amount" }, ...balances),
      el("div", { class: "row-acts" }, show),
    );
  }

  /** @param {string} id */
  async #readOne(id) {
    const path = `/v1/agencies/${id}`;
    const [agency, { tickets }, statement] = await Promise.all([
      this.api.get(path),
      this.api.get(`${path}/tickets?limit=10`),
      this.api.get(`${path}/statement`),
    ]);
    byId("one").hidden = false;
    byId("one-title").textContent = agency.name;
    const about = { id: agency.id, code: agency.iata_code, account: agency.account };
    byId("one-says").textContent = say(text.about, about);
    byId("one-acts").replaceChildren(this.#freezing(agency), this.#adding(agency));
    if (!isTypedIn(byId("credits"))) {
      const forms = agency.pots.map((/** @type {Pot} */ pot) => this.#credit(agency, pot));
      byId("credits").replaceChildren(...forms);
    }
    byId("users").replaceChildren(...agency.users.map((/** @type {User} */ user) => this.#user(agency, user)));
    const rows = tickets.map((/** @type {import("./agency_rows.js").Ticket} */ ticket) => ticketRow(ticket));
    const none = el("li", { class: "soft", text: text.noTickets });
    byId("tickets").replaceChildren(...(rows.length ? rows : [none]));
    byId("statement").replaceChildren(statementTable(statement));
  }

  /** @param {Agency} agency */
  #freezing(agency) {
    const act = agency.status === "frozen" ? "unfreeze" : "freeze";
    const label = act === "freeze" ? text.freeze : text.unfreeze;
    const path = `/v1/accounts/${agency.account}/${act}`;
    return sureButton({ label, sure: text.sure }, async () => {
      await this.#try(async () => void (await this.api.post(path, {}, { key: newKey(act) })), "office-says");
      await this.#read();
    });
  }

  /** How much may be owed in one currency. @param {Agency} agency @param {Pot} pot */
  #credit(agency, { currency, credit_limit_minor, credit_drawn_minor }) {
    const id = `credit-${currency}`;
    const input = /** @type {HTMLInputElement} */ (el("input", { id, inputmode: "decimal", autocomplete: "off" }));
    input.value = typedNumber(credit_limit_minor, currency);
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const limit_minor = parseMoney(input.value, currency);
      if (limit_minor === null) return;
      input.blur();
      const path = `/v1/agencies/${agency.id}/credit`;
      const body = { limit_minor, currency };
      await this.#try(async () => void (await this.api.post(path, body, { key: newKey("credit") })), "one-refused");
      await this.#read();
    };
    const drawn = formatMoney(credit_drawn_minor, currency);
    return el(
      "form",
      { class: "alert-form", on: { submit } },
      el("label", { for: id, text: say(text.credit, { currency, drawn }) }),
      input,
      el("button", { text: text.grant }),
    );
  }

  /** @param {Agency} agency */
  #adding(agency) {
    return sureButton({ label: text.addUser, sure: text.sure }, async () => {
      const path = `/v1/agencies/${agency.id}/users`;
      const { body } = await this.api.post(path, { name: agency.name });
      await this.#read();
      const says = say(text.keyOnce, { name: body.name });
      byId("users").prepend(
        el("li", { class: "drawn" }, el("span", { text: says }), el("span", { class: "drawn-number", text: body.api_key })),
      );
    });
  }

  /** @param {Agency} agency @param {User} user */
  #user(agency, user) {
    const path = `/v1/agencies/${agency.id}/users/disable`;
    const disable = sureButton({ label: text.disable, sure: text.sure }, async () => {
      await this.#try(async () => void (await this.api.post(path, { user: user.id })), "office-says");
      await this.#read();
    });
    const state = user.disabled ? el("span", { class: "chip", "data-state": "disabled", text: text.disabled }) : null;
    return el(
      "li",
      { class: "row" },
      el(
        "div",
        { class: "row-what" },
        el("span", { class: "row-title", text: user.name }, state),
        el("span", { class: "soft small", text: user.id }),
      ),
      user.disabled ? null : disable,
    );
  }

  #openForm() {
    const name = /** @type {HTMLInputElement} */ (el("input", { maxlength: "64", autocomplete: "off" }));
    const iata = /** @type {HTMLInputElement} */ (el("input", { inputmode: "numeric", maxlength: "8", autocomplete: "off" }));
    const currencies = /** @type {HTMLInputElement} */ (el("input", { value: "QAR", autocomplete: "off" }));
    byId("open").append(
      field("agency-name", text.agencyName, name),
      field("agency-iata", text.iata, iata),
      field("agency-currencies", text.currencies, currencies),
      el("button", { class: "primary", text: text.open }),
    );
    byId("open").onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const listed = currencies.value.toUpperCase().split(/[\s,]+/).filter(Boolean);
      const body = { name: name.value.trim(), iata_code: iata.value.trim(), currencies: listed };
      await this.#try(async () => {
        const { body: made } = await this.api.post("/v1/agencies", body, { key: newKey("agency") });
        this.#one = made.id;
        name.value = iata.value = "";
      }, "open-says");
      await this.#read();
    };
  }
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("office");
  await enter({ session, frame, admits: (who) => who.kind === "operator" });
  new OfficePage(session, frame).start();
}

main();
