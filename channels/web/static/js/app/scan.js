/**
 * Scan what a merchant shows, see what it asks for, pay with one tap. What is shown before the tap
 * is the gateway's own name and amount, never the code's.
 */

import { app as text } from "../../text/app.js";
import { Camera, canScan } from "../camera.js";
import { el } from "../dom.js";
import { formatMoney, parseMoney } from "../money.js";
import { tapAndSay } from "../tap_flow.js";
import { TapPayment } from "../tap_payment.js";
import { VerdictBox } from "../verdict_box.js";
import { say } from "../words.js";
import { Said, button, labelled } from "./parts.js";
import { go } from "./screens.js";

/** EMV QRCPS MPM: the payload format indicator comes first. */
const MERCHANT_PREFIX = "000201";
const ORDER = /^(?:.*\/pay#)?(ord_[a-z2-7]{20,40})$/;

/** @typedef {{kind: string, merchant_name: ?string, amount: ?import("../wire.js").Amount,
 *   currency: string, place: string, order: ?import("../wire.js").Order}} Scanned */

/** @param {string} scanned */
function isPayable(scanned) {
  return scanned.startsWith(MERCHANT_PREFIX) || ORDER.test(scanned);
}

/**
 * @param {import("../api.js").Api} api @param {string} account
 * @returns {import("./screens.js").Screen}
 */
export function scanScreen(api, account) {
  /** @type {?ScanScreen} */
  let open = null;
  return {
    title: text.scan,
    open: (root) => {
      open = new ScanScreen(api, account, root);
      open.look();
    },
    close: () => open?.stop(),
  };
}

class ScanScreen {
  #said = new Said();
  #view = /** @type {HTMLVideoElement} */ (
    el("video", { class: "viewfinder", playsinline: true, muted: true, hidden: true })
  );
  #camera = new Camera(this.#view);

  /** @param {import("../api.js").Api} api @param {string} account @param {HTMLElement} root */
  constructor(api, account, root) {
    this.api = api;
    this.account = account;
    this.root = root;
    this.#view.setAttribute("aria-label", text.viewfinder);
  }

  stop() {
    this.#camera.stop();
  }

  look() {
    const field = el("input", { id: "scanned", autocomplete: "off", spellcheck: "false" });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#take(/** @type {HTMLInputElement} */ (field).value.trim());
    };
    const typed = el(
      "form",
      { class: "stack", on: { submit } },
      labelled(text.scanTyped, field),
      el("button", { text: text.scanRead }),
    );
    const start = button(text.camera, () => this.#start(start), "primary big");
    start.hidden = !canScan();
    this.root.replaceChildren(
      el("p", { text: text.scanSays }),
      this.#said.root,
      this.#view,
      start,
      el("details", { class: "card" }, el("summary", { text: text.scanByHand }), typed),
    );
    if (start.hidden) this.#said.say(text.noCamera);
    else this.#start(start);
  }

  /** @param {HTMLElement} start */
  async #start(start) {
    start.hidden = true;
    try {
      await this.#camera.start({
        accepts: isPayable,
        onCode: (code) => this.#take(code),
        onMany: () => this.#said.say(text.scanMany),
      });
    } catch {
      // No permission, or another app has the camera: the field is still there.
      this.#said.say(text.noCamera);
      start.hidden = false;
    }
  }

  /** @param {string} scanned */
  async #take(scanned) {
    const order = ORDER.exec(scanned)?.[1];
    if (order !== undefined) return location.assign(`/pay#${order}`);
    if (!isPayable(scanned)) return this.#said.say(text.notPayable);
    const asked = await this.#said.trying(() => this.api.post("/v1/scans", { code: scanned }));
    if (asked === undefined) return;
    this.stop();
    this.#ask(scanned, asked.body);
  }

  /** @param {string} code @param {Scanned} asked */
  #ask(code, asked) {
    const merchant = asked.merchant_name ?? text.someMerchant;
    const head = [
      el("h2", { class: "bill-merchant", text: merchant }),
      el("p", { class: "soft", text: asked.place ? say(text.place, { place: asked.place }) : "" }),
    ];
    const no = button(text.notNow, () => go(""), "quiet");
    if (asked.amount === null) {
      this.#put(...head, this.#amountForm(code, asked), no);
      return;
    }
    const { amount } = asked;
    const money = formatMoney(amount.amount_minor, amount.currency);
    const pay = button(say(text.pay, { amount: money }), () => this.#pay(code, asked, amount), "primary big");
    pay.id = "pay-button";
    this.#put(...head, el("p", { class: "bill-total figure", text: money }), pay, no);
    pay.focus();
  }

  /** A static code: the customer says how much. @param {string} code @param {Scanned} asked */
  #amountForm(code, asked) {
    const field = /** @type {HTMLInputElement} */ (
      el("input", { id: "amount", inputmode: "decimal", autocomplete: "off", required: true })
    );
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const minor = parseMoney(field.value, asked.currency);
      if (minor === null || minor === 0) return this.#said.say(text.amountUnread);
      const amount = { amount_minor: minor, currency: asked.currency };
      this.#ask(code, { ...asked, amount });
    };
    const label = say(text.howMuch, { currency: asked.currency });
    return el(
      "form",
      { class: "stack", on: { submit } },
      labelled(label, field),
      el("button", { class: "primary big", text: text.next }),
    );
  }

  /** @param {...HTMLElement} parts */
  #put(...parts) {
    this.#said.say("");
    this.root.replaceChildren(this.#said.root, el("div", { class: "card stack bill" }, ...parts));
  }

  /** @param {string} code @param {Scanned} asked @param {import("../wire.js").Amount} amount */
  async #pay(code, asked, amount) {
    const box = new VerdictBox();
    this.root.replaceChildren(el("div", { class: "card verdict-card" }, box.root));
    const payment = new TapPayment(this.api, {
      path: "/v1/scans/pay",
      body: { code, amount },
      prefix: "scan",
      slot: `airside.scan.${this.account}.${code}.${amount.amount_minor}`,
    });
    await tapAndSay({
      payment,
      box,
      amount,
      merchant: asked.merchant_name,
      again: () => this.#ask(code, asked),
      done: { label: text.done, does: () => go("") },
    });
  }
}
