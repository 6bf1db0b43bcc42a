/**
 * The airport counter: find the booking, weigh the bags, see the price with its reasons, be paid,
 * hand over the document. Beside it the agent's shift, which is the gateway's, not this page's.
 */

import { counter as text } from "../text/counter.js";
import { Problem, isFailedCall } from "./api.js";
import { BagsStage } from "./counter_bags.js";
import { ChargeStage } from "./counter_charge.js";
import { EmdStage } from "./counter_emd.js";
import { ShiftPanel } from "./counter_shift.js";
import { byId, el, showOnly } from "./dom.js";
import { Frame } from "./frame.js";
import { Session } from "./session.js";
import { enter } from "./sign_in.js";
import { fillPage, say } from "./words.js";

/** @typedef {import("./counter_wire.js").Charge} Charge */
/** @typedef {import("./counter_wire.js").Desk} Desk */

class CounterPage {
  /** @param {Session} session signed in */
  constructor(session) {
    this.api = session.api;
    /** @type {?Desk} */
    this.desk = null;
    this.shift = new ShiftPanel(this.api, {
      onShow: (charge) => this.#showCharge(charge),
      onClosed: () => this.#closed(),
    });
    this.bags = new BagsStage(this.api, (wanted) => this.charge.open(wanted));
    this.charge = new ChargeStage(this.api, {
      onStage: (id) => this.#stage(id),
      onBack: () => this.#stage("bags"),
      onEnd: (charge) => this.#ended(charge),
      onNext: () => this.#next(),
    });
    this.emd = new EmdStage(this.api, {
      onChange: (charge) => this.shift.learn(charge),
      onNext: () => this.#next(),
    });
    byId("open-shift").onclick = () => this.#openShift();
    byId("find").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#find(byId("booking").value.trim());
    };
  }

  async start() {
    byId("counter").hidden = false;
    this.desk = /** @type {Desk} */ (await this.api.get("/v1/counter"));
    this.bags.items = this.desk.items;
    this.#offer();
    if (this.desk.shift) this.#opened(this.desk.shift);
    else this.#closed();
  }

  /** Bookings of the demonstration. */
  #offer() {
    const bookings = this.desk?.demo ?? [];
    this.#showOffer();
    const choices = bookings.map(({ locator, given_names, route }) => {
      const label = say(text.tryOne, { locator, names: given_names.join(", "), route });
      const click = () => {
        byId("booking").value = locator;
        this.#find(locator);
      };
      return el("button", { type: "button", text: label, on: { click } });
    });
    byId("try").replaceChildren(
      el("span", { class: "soft small", text: text.tryThese }),
      ...choices,
    );
  }

  #showOffer() {
    byId("try").hidden = (this.desk?.demo ?? []).length === 0;
  }

  async #openShift() {
    await attempt(byId("open-says"), async () => {
      const { body } = await this.api.post("/v1/counter/shifts", {});
      this.#opened(body);
    });
  }

  /** @param {import("./counter_wire.js").Shift} shift */
  #opened(shift) {
    byId("closed").hidden = true;
    byId("find").hidden = false;
    this.shift.open(shift);
    byId("booking").focus();
  }

  #closed() {
    byId("closed").hidden = false;
    byId("find").hidden = true;
    byId("stages").hidden = true;
  }

  /** @param {string} booking */
  async #find(booking) {
    if (booking === "") return;
    await attempt(byId("find-says"), async () => {
      const { body } = await this.api.post("/v1/counter/bookings", { booking });
      this.#stage("bags"); // first: what is hidden takes no focus
      this.bags.open(body);
    });
  }

  /** @param {"bags"|"scan"|"wait"|"verdict"|"emd"} id */
  #stage(id) {
    byId("stages").hidden = false;
    byId("try").hidden = true;
    showOnly(byId(`stage-${id}`));
    // On a phone the answer would appear below what is on the screen.
    byId("stages").scrollIntoView({ block: "nearest" });
  }

  /** @param {Charge} charge */
  #ended(charge) {
    this.shift.learn(charge);
    if (charge.status === "issued") this.#showCharge(charge);
  }

  /** @param {Charge} charge */
  #showCharge(charge) {
    this.charge.leave();
    if (charge.emd === null) this.charge.resume(charge);
    else {
      this.emd.open(charge);
      this.#stage("emd");
    }
  }

  #next() {
    byId("stages").hidden = true;
    this.#showOffer();
    byId("booking").value = "";
    byId("booking").focus();
  }
}

/**
 * Do it, and say what is wrong where it was asked. @param {HTMLElement} said
 * @param {() => Promise<void>} task
 */
export async function attempt(said, task) {
  said.textContent = "";
  try {
    await task();
  } catch (error) {
    if (!isFailedCall(error)) throw error;
    said.textContent = error instanceof Problem ? error.message : text.noAnswer;
  }
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  const session = new Session("counter");
  await enter({ session, frame, admits: (who) => who.kind === "counter" });
  await new CounterPage(session).start();
}

main();
