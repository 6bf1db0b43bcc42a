/**
 * The register: amount, scan, answer. One stage is on the screen at a time, and the next sale
 * cannot begin before the last one has ended or has been left to its reversal.
 */

import { till as text } from "../text/till.js";
import { newAttempt } from "./attempts.js";
import { Digits } from "./digits.js";
import { byId, el, showOnly } from "./dom.js";
import { buildKeypad, isWriting } from "./keypad.js";
import { formatMoney } from "./money.js";
import { newOrder } from "./order_reference.js";
import { Sale } from "./sale.js";
import { Scan } from "./scan.js";
import { showOutcome, showWaiting } from "./verdict.js";
import { Wedge, looksLikeCode } from "./wedge.js";
import { say } from "./words.js";

// What a wallet of this airline may hold. The gateway judges; a till offers.
const UNITS = ["QAR", "EUR", "AVIOS"];

/** @typedef {import("./sale.js").Outcome} Outcome */

export class Register {
  #digits = new Digits();
  #wedge = new Wedge();
  #stage = "amount";
  #onEscape = () => {};

  /**
   * @param {{api: import("./api.js").Api, attempts: import("./attempts.js").Attempts,
   *   unsettled: import("./unsettled.js").Unsettled}} till
   * @param {() => void} onLink
   */
  constructor(till, onLink) {
    this.till = till;
    this.scan = new Scan({
      onCode: (code) => this.#charge(code),
      onCancel: () => this.#open("amount"),
    }, text);
    buildUnits(() => this.#showAmount());
    buildKeypad(byId("keypad"), {
      press: (digit) => this.#press(digit),
      erase: () => this.#erase(),
    });
    byId("stage-amount").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (this.isReady()) this.#toScan();
    };
    byId("make-link").onclick = () => this.isReady() && onLink();
    addEventListener("keydown", (event) => this.#onKey(event));
    this.next();
  }

  /** What is keyed in. */
  get sale() {
    const unit = /** @type {HTMLInputElement} */ (document.querySelector("[name=unit]:checked"));
    const amount = { amount_minor: this.#digits.minor, currency: unit.value };
    return { amount, order: byId("order").value.trim(), holdOnly: byId("hold-only").checked };
  }

  /** Begin a new sale. */
  next() {
    this.#digits.clear();
    byId("order").value = newOrder();
    byId("hold-only").checked = false;
    this.#open("amount");
    this.#showAmount();
  }

  /** Whether the sale can be charged; says what is missing. */
  isReady() {
    const field = byId("order");
    // A scanner that types into the wrong field must not publish a code as an order.
    if (field.value.trim() === "" || looksLikeCode(field.value)) field.value = newOrder();
    const ready = this.#digits.minor > 0;
    byId("amount-says").textContent = ready ? "" : text.noAmount;
    return ready;
  }

  /** @param {"amount"|"scan"|"verdict"|"link"} stage */
  #open(stage) {
    this.#stage = stage;
    this.#onEscape = stage === "scan" ? () => this.scan.cancel() : () => {};
    showOnly(byId(`stage-${stage}`));
    if (stage === "scan") this.scan.open();
  }

  /** Where the page shows what is neither of the sale nor of a code. */
  openLink() {
    this.#open("link");
  }

  #toScan() {
    const { amount } = this.sale;
    byId("scan-amount").textContent = formatMoney(amount.amount_minor, amount.currency);
    this.#open("scan");
  }

  /** @param {string} code */
  async #charge(code) {
    const attempt = newAttempt(this.sale, code);
    let left = false;
    const sale = new Sale(this.till, attempt, (stage) => {
      if (left) return;
      showWaiting(stage, attempt);
      const leave = { label: text.nextCustomer, does: () => leaveIt() };
      buttons(stage === "reverse_late" ? [leave] : []);
    });
    this.#open("verdict");
    const outcome = sale.run();
    const leaveIt = () => {
      left = true;
      this.till.unsettled.follow(attempt, outcome);
      this.next();
    };
    const ended = await outcome;
    if (!left) this.#show(ended, attempt);
  }

  /** @param {Outcome} outcome @param {import("./attempts.js").Attempt} attempt */
  #show(outcome, attempt) {
    showOutcome(outcome, attempt);
    const next = { label: text.newSale, does: () => this.next() };
    const again = { label: text.scanAgain, does: () => this.#toScan() };
    // Not Enter: a scanner that reads twice would send the answer away unread.
    this.#onEscape = () => this.next();
    const final = outcome.end === "approved" || outcome.end === "stuck";
    buttons(final ? [next] : [again, next]);
  }

  /** @param {string} digit */
  #press(digit) {
    this.#digits.press(digit);
    this.#showAmount();
  }

  #erase() {
    this.#digits.erase();
    this.#showAmount();
  }

  #showAmount() {
    const { amount } = this.sale;
    const shown = formatMoney(amount.amount_minor, amount.currency);
    byId("amount").textContent = shown;
    byId("charge").textContent = say(text.charge, { amount: shown });
    byId("amount-says").textContent = "";
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const shortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (shortcut || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") this.#onEscape();
    if (this.#stage !== "amount" || isWriting()) return;
    const { ours, code } = this.#wedge.key(event);
    if (code !== null) byId("amount-says").textContent = text.chargeFirst;
    if (ours) event.preventDefault();
    else if (/^\d$/.test(event.key)) this.#press(event.key);
    else if (event.key === "Backspace") this.#erase();
    else if (event.key === "Enter" && document.activeElement === document.body) {
      byId("stage-amount").requestSubmit();
    }
  }
}

/** @param {() => void} onChange */
function buildUnits(onChange) {
  const choices = UNITS.map((unit, index) => {
    const radio = { type: "radio", name: "unit", value: unit, checked: index === 0 };
    const input = el("input", { ...radio, class: "unseen", on: { change: onChange } });
    return el("label", { class: "segment" }, input, el("span", { text: unit }));
  });
  byId("units").replaceChildren(...choices);
}

/** @param {{label: string, does: () => void}[]} choices the first one is the likely one */
function buttons(choices) {
  byId("verdict-buttons").replaceChildren(
    ...choices.map(({ label, does }, index) =>
      el("button", { type: "button", class: index ? "" : "big", text: label, on: { click: does } }),
    ),
  );
}
