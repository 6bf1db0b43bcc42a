/**
 * The till: what the point of sale sees. The register charges; the list beside it is fed by the
 * gateway's events and by the till's own answers, whichever comes first.
 */

import { till as text } from "../text/till.js";
import { ActDialog } from "./act.js";
import { Attempts } from "./attempts.js";
import { byId } from "./dom.js";
import { EventStream } from "./events.js";
import { Frame } from "./frame.js";
import { OrderLink } from "./order_link.js";
import { ReceiptFind } from "./receipt_find.js";
import { Register } from "./register.js";
import { Sale } from "./sale.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { Takings } from "./takings.js";
import { Today } from "./today.js";
import { Unsettled } from "./unsettled.js";
import { fillPage } from "./words.js";

/** @typedef {import("./wire.js").Payment} Payment */

class TillPage {
  /** @param {Session} session signed in @param {Frame} frame */
  constructor(session, frame) {
    const { api, me } = session;
    this.session = session;
    this.frame = frame;
    this.takings = new Takings(me?.merchant ?? "");
    const acts = new ActDialog(api, (payment) => this.#learn(payment, null));
    this.today = new Today(this.takings, (act, payment) => acts.open(act, payment));
    new ReceiptFind(api, (payment, act) => {
      this.#learn(payment, null);
      if (act) acts.open(act, payment);
    });
    const unsettled = new Unsettled(byId("unsettled"));
    this.till = { api, attempts: new Attempts(me?.principal ?? ""), unsettled };
    this.register = new Register(this.till, () => this.link.make(this.register.sale));
    this.link = new OrderLink(api, this.register);
  }

  start() {
    byId("till").hidden = false;
    this.today.show(new Date());
    for (const attempt of this.till.attempts.open) {
      const sale = new Sale(this.till, attempt, () => {});
      this.till.unsettled.follow(attempt, sale.settle());
    }
    const listener = {
      onEvent: (/** @type {string} */ _, /** @type {any} */ data, /** @type {?string} */ id) => {
        if (data.payment) this.#learn(data.payment, id);
      },
      onState: (/** @type {import("./events.js").StreamState} */ state) => this.#onStream(state),
    };
    new EventStream(this.till.api, listener, this.takings.lastId).run();
  }

  /** @param {Payment} payment @param {?string} eventId */
  #learn(payment, eventId) {
    this.takings.learn(payment, eventId);
    this.today.show(new Date());
    this.link.learn(payment);
  }

  /** @param {import("./events.js").StreamState} state */
  #onStream(state) {
    if (state === "refused") return this.session.leave();
    const lost = navigator.onLine ? "waiting" : "offline";
    this.frame.showConnection(state === "live" ? "live" : lost);
  }
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("till");
  await enter({ session, frame, admits: (who) => who.merchant !== null });
  new TillPage(session, frame).start();
}

main();
