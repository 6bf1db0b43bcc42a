/**
 * The registry of terminals, for operators: which are live, what they still have to settle; one
 * registered, paired, suspended, told its limit. Signs of life come every half minute, so the page
 * looks again every few seconds rather than being told.
 */

import { terminals as text } from "../text/terminals.js";
import { field, sureButton } from "./agency_rows.js";
import { isFailedCall, Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { Frame } from "./frame.js";
import { newKey } from "./keys.js";
import { formatMoney, parseMoney } from "./money.js";
import { pauseUnlessWoken } from "./pause.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { timeOf } from "./times.js";
import { fillPage, say, wordFor } from "./words.js";

const LOOK_EVERY_MS = 3_000;
// Three signs of life that did not come.
const SILENT_AFTER_MS = 90_000;
const PAGE = 100;

const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });

/** @typedef {{id: string, tid: string, name: string, place: string, merchant: string,
 *   merchant_name: ?string, channel: string, status: string, software: string, backlog: number,
 *   last_sequence: number, clock_off_ms: number, last_seen_at: ?string,
 *   settings: {version: number, limits: Record<string, number>}}} Terminal */

class RegistryPage {
  #one = /** @type {?string} */ (null);
  #shown = PAGE;

  /** @param {Session} session @param {Frame} frame */
  constructor(session, frame) {
    this.session = session;
    this.api = session.api;
    this.frame = frame;
  }

  async start() {
    byId("office").hidden = false;
    this.#registerForm();
    for (;;) {
      await this.#read();
      await pauseUnlessWoken(LOOK_EVERY_MS);
    }
  }

  async #read() {
    await this.#try(() => this.#readNow(), "office-says");
  }

  /** @param {() => Promise<unknown>} task @param {string} where @returns {Promise<boolean>} */
  async #try(task, where) {
    try {
      await task();
      byId(where).textContent = "";
      this.frame.showConnection("live");
      return true;
    } catch (error) {
      if (!isFailedCall(error)) throw error;
      if (error instanceof Problem && error.status === 401) this.session.leave();
      if (!(error instanceof Problem)) this.frame.showConnection("waiting");
      byId(where).textContent = error instanceof Problem ? error.message : text.noAnswer;
      return false;
    }
  }

  async #readNow() {
    /** @type {{terminals: Terminal[], more: boolean}} */
    const { terminals, more } = await this.api.get(`/v1/terminals?limit=${this.#shown}`);
    const counts = { live: 0, silent: 0, suspended: 0 };
    for (const terminal of terminals) {
      if (terminal.status === "suspended") counts.suspended += 1;
      else if (terminal.last_seen_at) counts[pulseOf(terminal)] += 1;
    }
    byId("summary").textContent = say(text.summary, { count: terminals.length, ...counts });
    const rows = terminals.map((terminal) => this.#row(terminal));
    if (more) rows.push(el("li", {}, el("button", { text: text.more, on: { click: () => this.#more() } })));
    const none = el("li", { class: "soft", text: text.none });
    byId("terminals").replaceChildren(...(rows.length ? rows : [none]));
    const one = terminals.find((terminal) => terminal.id === this.#one);
    // What somebody types, or asks twice about, is not taken away under the hand.
    if (one && !byId("one").contains(document.activeElement)) await this.#showOne(one);
  }

  #more() {
    this.#shown += PAGE;
    this.#read();
  }

  /** @param {Terminal} terminal */
  #row(terminal) {
    const show = el("button", { type: "button", text: text.show });
    show.onclick = async () => {
      this.#one = terminal.id;
      await this.#showOne(terminal);
      byId("one").scrollIntoView({ block: "start" });
    };
    const state = el("span", { class: "chip", "data-state": terminal.status, text: wordFor(text.states, terminal.status) });
    const where = [terminal.merchant_name ?? terminal.merchant, terminal.place].filter(Boolean);
    const seen = el("span", { class: "pulse", "data-pulse": pulseOf(terminal), text: seenText(terminal) });
    const owes = terminal.backlog ? el("span", { class: "small", text: say(text.owes, { count: terminal.backlog }) }) : null;
    return el(
      "li",
      { class: "row row-terminal" },
      el(
        "div",
        { class: "row-what" },
        el("span", { class: "row-title", text: `${terminal.name} ` }, state),
        el("span", { class: "soft small", text: where.join(" · ") }),
      ),
      el("div", { class: "row-what" }, seen, owes),
      el("div", { class: "row-acts" }, show),
    );
  }

  /** @param {Terminal} terminal */
  async #showOne(terminal) {
    const { keys } = await this.api.get(`/v1/terminals/${terminal.id}`);
    byId("one").hidden = false;
    byId("one-title").textContent = terminal.name;
    const facts = {
      id: terminal.id,
      tid: terminal.tid,
      merchant: terminal.merchant_name ?? terminal.merchant,
      channel: terminal.channel,
      place: terminal.place,
      software: terminal.software,
      sequence: String(terminal.last_sequence),
      backlog: String(terminal.backlog),
      clock: say(text.milliseconds, { count: terminal.clock_off_ms }),
      keys: keys.map((/** @type {{id: string}} */ key) => key.id).join(", "),
      settings: settingsText(terminal),
    };
    byId("one-facts").replaceChildren(
      ...Object.entries(facts).map(([name, value]) =>
        el("div", {}, el("dt", { text: wordFor(text.facts, name) }), el("dd", { text: value || "–" })),
      ),
    );
    const act = terminal.status === "suspended" ? "resume" : "suspend";
    byId("one-acts").replaceChildren(
      el("button", { type: "button", class: "primary", text: text.pair, on: { click: () => this.#pair(terminal) } }),
      sureButton({ label: text[act], sure: text.sure }, () => this.#do(terminal, act, {})),
      sureButton({ label: text.revoke, sure: text.sure }, () => this.#do(terminal, "revoke-keys", {})),
    );
    this.#limitForm(terminal);
  }

  /** @param {Terminal} terminal @param {string} act @param {object} body */
  async #do(terminal, act, body) {
    const path = `/v1/terminals/${terminal.id}/${act}`;
    const done = await this.#try(async () => {
      const answer = await this.api.post(path, body);
      await this.#showOne(answer.body);
    }, "one-says");
    if (done) await this.#read();
  }

  /** @param {Terminal} terminal */
  async #pair(terminal) {
    await this.#try(async () => {
      const { body } = await this.api.post(`/v1/terminals/${terminal.id}/pairing-codes`, {});
      const says = { name: terminal.name, time: timeOf(body.expires_at), code: body.code };
      const shown = byId("code");
      shown.replaceChildren(
        el("span", { class: "drawn-number", text: body.code }),
        el("span", { class: "small", text: say(text.pairSays, says) }),
      );
      shown.hidden = false;
      shown.scrollIntoView({ block: "center" });
    }, "one-says");
  }

  /** @param {Terminal} terminal */
  #limitForm(terminal) {
    const currency = /** @type {HTMLInputElement} */ (el("input", { value: "QAR", maxlength: "12", autocomplete: "off" }));
    const amount = /** @type {HTMLInputElement} */ (el("input", { inputmode: "decimal", autocomplete: "off" }));
    byId("one-settings").replaceChildren(
      field("limit-amount", text.limit, amount),
      field("limit-currency", text.currency, currency),
      el("button", { text: text.setLimit }),
    );
    byId("one-settings").onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const unit = currency.value.trim().toUpperCase();
      const minor = parseMoney(amount.value, unit);
      if (minor === null) {
        const example = formatMoney(500_000, unit);
        byId("one-says").textContent = say(text.notAnAmount, { example });
        return;
      }
      const { version: _, ...settings } = terminal.settings;
      const limits = { ...settings.limits, [unit]: minor };
      await this.#do(terminal, "settings", { ...settings, limits });
    };
  }

  #registerForm() {
    const inputs = { merchant: text.merchantId, name: text.terminalName, place: text.placeName };
    const fields = Object.entries(inputs).map(([name, label]) => {
      const input = el("input", { autocomplete: "off", spellcheck: "false", maxlength: "32", name });
      return field(`register-${name}`, label, /** @type {HTMLInputElement} */ (input));
    });
    const form = /** @type {HTMLFormElement} */ (byId("register"));
    form.append(...fields, el("button", { class: "primary", text: text.register }));
    form.onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
      const registered = await this.#try(async () => {
        const { body } = await this.api.post("/v1/terminals", given, { key: newKey("terminal") });
        this.#one = body.id;
        await this.#showOne(body);
        await this.#pair(body);
      }, "register-says");
      if (registered) form.reset();
      await this.#read();
    };
  }
}

/** @param {Terminal} terminal @returns {"live"|"silent"} */
function pulseOf(terminal) {
  const age = terminal.last_seen_at ? Date.now() - Date.parse(terminal.last_seen_at) : Infinity;
  return age < SILENT_AFTER_MS ? "live" : "silent";
}

/** @param {Terminal} terminal */
function seenText(terminal) {
  if (terminal.last_seen_at === null) return text.never;
  const minutes = Math.round((Date.parse(terminal.last_seen_at) - Date.now()) / 60_000);
  const days = Math.round(minutes / 1_440);
  return say(text.seen, { ago: days ? ago.format(days, "day") : ago.format(minutes, "minute") });
}

/** @param {Terminal} terminal */
function settingsText({ settings }) {
  const limits = Object.entries(settings.limits).map(([unit, minor]) => formatMoney(minor, unit));
  return [say(text.version, { count: settings.version }), ...limits].join(" · ");
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("office");
  await enter({ session, frame, admits: (who) => who.kind === "operator" });
  new RegistryPage(session, frame).start();
}

main();
