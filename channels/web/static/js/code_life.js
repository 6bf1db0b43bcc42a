/**
 * The life of a payment code on the screen, by the page's own stopwatch: the phone's clock may
 * be wrong. Counted from when the code was asked for, so a slow network shortens it rather than
 * stretches it.
 */

// A till needs a moment to scan and send, and a code is judged when it arrives.
const RENEW_BEFORE_MS = 8_000;

export class CodeLife {
  /** @param {import("./wire.js").Code} code @param {number} asked_ms on the stopwatch */
  constructor(code, asked_ms) {
    this.code = code;
    this.ends_ms = asked_ms + code.valid_s * 1_000;
    const margin_ms = Math.min(RENEW_BEFORE_MS, code.valid_s * 250);
    this.renews_ms = this.ends_ms - margin_ms;
    this.asked_ms = asked_ms;
  }

  /** @param {number} now_ms */
  isOver(now_ms) {
    return now_ms >= this.ends_ms;
  }

  /** @param {number} now_ms */
  isDue(now_ms) {
    return now_ms >= this.renews_ms;
  }

  /** How much of the time until renewal is left, 1 to 0. @param {number} now_ms */
  share(now_ms) {
    return Math.max(0, (this.renews_ms - now_ms) / (this.renews_ms - this.asked_ms));
  }
}

/** Whole seconds until then, never below 0. @param {number} until_ms @param {number} now_ms */
export function secondsLeft(until_ms, now_ms) {
  return Math.max(0, Math.ceil((until_ms - now_ms) / 1_000));
}
