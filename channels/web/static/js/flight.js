/**
 * Paying on board. With a network: choose a flight and set money aside. Without one: show the code,
 * a new one each time, signed by this phone.
 */

import { flight as text } from "../text/flight.js";
import { fromBase64, frameText, toBase64 } from "./allowance_frame.js";
import { forget, keep, kept, nextCounter } from "./allowance_keep.js";
import { Problem, isFailedCall } from "./api.js";
import { byId, el, showOnly } from "./dom.js";
import { Frame } from "./frame.js";
import { newKey } from "./keys.js";
import { formatMoney, parseMoney } from "./money.js";
import { drawQr } from "./qr.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { fillPage, say } from "./words.js";

/** A photograph of a code is worth little once the next one has been seen. */
const NEXT_AFTER_S = 30;

/** @typedef {{id: string, number: string, date: string, legs: string[], currency: string}} Flight */

class BoardPage {
  #left = 0;
  #counter = 0;
  #flights = /** @type {Flight[]} */ ([]);
  #kept = /** @type {?import("./allowance_keep.js").Kept} */ (null);

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    this.api = session.api;
  }

  async start() {
    byId("board").hidden = false;
    byId("form").onsubmit = (event) => {
      event.preventDefault();
      this.#setAside();
    };
    byId("flight").onchange = () => this.#label();
    byId("next").onclick = () => this.#show();
    byId("done").onclick = () => this.#remove();
    setInterval(() => this.#tick(), 1000);
    this.#kept = await kept();
    if (this.#kept) await this.#show();
    else await this.#ask();
  }

  async #ask() {
    showOnly(byId("asking"));
    try {
      this.#flights = (await this.api.get("/v1/flights")).flights;
    } catch (error) {
      this.#failed(error);
    }
    const options = this.#flights.map((one) =>
      el("option", {
        value: one.id,
        text: say(text.option, { ...one, legs: one.legs.join(", ") }),
      }),
    );
    byId("flight").replaceChildren(...options);
    byId("form").hidden = options.length === 0;
    if (!options.length) byId("asking-says").textContent = text.noFlights;
    else this.#label();
  }

  #chosen() {
    return this.#flights.find((one) => one.id === byId("flight").value);
  }

  #label() {
    byId("amount-label").textContent = say(text.amount, {
      currency: this.#chosen()?.currency ?? "",
    });
  }

  async #setAside() {
    const flight = this.#chosen();
    if (!flight) return;
    const minor = parseMoney(byId("amount").value, flight.currency);
    if (!minor) {
      byId("asking-says").textContent = text.notAnAmount;
      return;
    }
    try {
      await this.#ordered(flight, minor);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Flight} flight @param {number} minor */
  async #ordered(flight, minor) {
    const pair = /** @type {CryptoKeyPair} */ (
      await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])
    );
    const publicKey = toBase64(await crypto.subtle.exportKey("raw", pair.publicKey));
    const body = {
      amount: { amount_minor: minor, currency: flight.currency },
      public_key: publicKey,
    };
    const path = `/v1/flights/${flight.id}/allowances`;
    const { status, body: made } = await this.api.post(path, body, { key: newKey("flight") });
    if (status === 402) {
      const reason = made.decline.replaceAll("_", " ");
      byId("asking-says").textContent = say(text.declined, { reason });
      return;
    }
    fromBase64(made.code);
    this.#kept = {
      id: made.id,
      flightNumber: made.flight_number,
      currency: flight.currency,
      amountMinor: minor,
      validUntil: made.valid_until,
      code: made.code,
      counter: 0,
      key: pair.privateKey,
    };
    await keep(this.#kept);
    await this.#show();
  }

  async #show() {
    if (!this.#kept) return;
    showOnly(byId("showing"));
    this.#counter = await nextCounter(this.#kept.id);
    const words = await frameText(this.#kept, this.#counter, Date.now());
    const picture = byId("picture");
    picture.alt = text.codeAlt;
    picture.src = `data:image/svg+xml,${encodeURIComponent(drawQr(words))}`;
    picture.dataset.counter = String(this.#counter);
    const amount = formatMoney(this.#kept.amountMinor, this.#kept.currency);
    byId("aside").textContent = say(text.aside, { amount, number: this.#kept.flightNumber });
    this.#left = NEXT_AFTER_S;
    this.#says();
  }

  #says() {
    const values = { counter: this.#counter + 1, seconds: this.#left };
    byId("code-says").textContent = say(text.code, values);
  }

  /** While nobody looks no counters are used up. */
  #tick() {
    if (!this.#kept || document.hidden) return;
    this.#left -= 1;
    if (this.#left > 0) this.#says();
    else this.#show();
  }

  async #remove() {
    if (!this.#kept) return;
    await forget(this.#kept.id);
    this.#kept = null;
    await this.#ask();
  }

  /** @param {unknown} error */
  #failed(error) {
    const noKeys = error instanceof DOMException && error.name === "NotSupportedError";
    if (!noKeys && !isFailedCall(error)) throw error;
    const spoken = error instanceof Problem ? error.message : text.noAnswer;
    byId("asking-says").textContent = noKeys ? text.noKeys : spoken;
  }
}

async function start() {
  fillPage(text);
  const session = new Session("wallet");
  const frame = new Frame(text.name);
  await enter({ session, frame, admits: (me) => me.account !== null && me.kind === "customer" });
  await new BoardPage(session).start();
}

start();
