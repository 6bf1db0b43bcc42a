/**
 * The payment code: always one that a till will take, or none at all and why. It renews itself
 * before it ends, rests while nobody looks, and never stays on the screen when it is over.
 */

import { wallet as text } from "../text/wallet.js";
import { Problem } from "./api.js";
import { CodeFrame } from "./code_frame.js";
import { CodeLife, secondsLeft } from "./code_life.js";
import { backOffMs } from "./pause.js";
import { stopwatch_ms } from "./stopwatch.js";
import { say } from "./words.js";

const TICK_MS = 250;
const BACK_OFF_MAX_MS = 5_000;
const ASK_WITHIN_MS = 6_000; // shorter than the margin of a renewal

export class CodePanel {
  #life = /** @type {?CodeLife} */ (null);
  #asking = false;
  #failures = 0;
  #notBefore_ms = 0;
  #refusal = "";
  #blocked = "";
  #connected = true;
  #shown = true;
  #serverAhead_ms = Date.now() - stopwatch_ms();

  /**
   * @param {import("./api.js").Api} api @param {string} account
   * @param {{frame: HTMLElement, says: HTMLElement}} parts
   */
  constructor(api, account, { frame, says }) {
    this.api = api;
    this.path = `/v1/accounts/${account}/codes`;
    this.frame = new CodeFrame(frame);
    this.says = says;
  }

  start() {
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.#tick());
    addEventListener("online", () => this.#hurry());
    this.#tick();
  }

  /** The code on the screen has been used. */
  renew() {
    this.#life = null;
    this.#hurry();
  }

  /** The payload on the screen, for a till without a camera. @returns {?string} */
  get payload() {
    return this.#life?.code.payload ?? null;
  }

  /**
   * The time as the gateway has it: a phone whose clock is wrong would take what has just
   * happened for old news.
   */
  get serverNow_ms() {
    return stopwatch_ms() + this.#serverAhead_ms;
  }

  /** What the event stream knows about the network before a renewal would. @param {boolean} is */
  setConnected(is) {
    this.#connected = is;
    if (is) this.#hurry();
  }

  /** A wallet that pays nothing shows no code, and why. @param {string} why empty when it may */
  setBlocked(why) {
    this.#blocked = why;
    if (why) this.#life = null;
    this.#tick();
  }

  /** A screen without the code draws none: each could pay. @param {boolean} is */
  setShown(is) {
    this.#shown = is;
    this.#tick();
  }

  #hurry() {
    this.#notBefore_ms = 0;
    this.#tick();
  }

  #tick() {
    if (document.hidden || !this.#shown) return;
    const now_ms = stopwatch_ms();
    if (this.#life?.isOver(now_ms)) this.#life = null;
    if (this.#life === null || this.#life.isDue(now_ms)) this.#ask(now_ms);
    this.#show(now_ms);
  }

  /** @param {number} now_ms */
  async #ask(now_ms) {
    if (this.#asking || this.#blocked || now_ms < this.#notBefore_ms) return;
    this.#asking = true;
    try {
      const { body } = await this.api.post(this.path, {}, { withinMs: ASK_WITHIN_MS });
      this.#take(body, now_ms);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#asking = false;
    }
    this.#show(stopwatch_ms());
  }

  /** @param {import("./wire.js").Code} code @param {number} asked_ms */
  #take(code, asked_ms) {
    this.#failures = 0;
    this.#refusal = "";
    this.#serverAhead_ms = Date.parse(code.issued_at) - stopwatch_ms();
    if (this.#blocked) return;
    this.#life = new CodeLife(code, asked_ms);
    this.frame.draw(code.svg);
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#notBefore_ms = stopwatch_ms() + backOffMs(this.#failures, BACK_OFF_MAX_MS);
    this.#failures += 1;
    if (!(error instanceof Problem) || error.status >= 500) return;
    // The wallet is frozen, or nobody is signed in any more: no code would be honoured.
    this.#life = null;
    this.#refusal = error.message;
  }

  /** @param {number} now_ms */
  #show(now_ms) {
    const life = this.#life;
    if (life === null) {
      this.says.textContent = "";
      this.frame.explain(...this.#absence());
      return;
    }
    this.frame.left(life.share(now_ms));
    this.says.textContent = this.#failures > 0 || !this.#connected
      ? say(text.codeOffline, { seconds: secondsLeft(life.ends_ms, now_ms) })
      : say(text.codeRenews, { seconds: secondsLeft(life.renews_ms, now_ms) });
  }

  /** Why there is no code. @returns {[string, string]} */
  #absence() {
    if (this.#blocked) return [text.codeRefused, this.#blocked];
    if (this.#refusal) return [text.codeRefused, this.#refusal];
    if (this.#failures > 0) return [text.codeGone, text.codeGoneSays];
    return [text.codeLoading, ""];
  }
}
