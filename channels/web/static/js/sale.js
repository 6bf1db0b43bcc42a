/**
 * One attempt to charge a code, to the end. The rule of the till:
 *
 *   ask          an answer is the truth, approved or declined
 *   no answer    look the attempt up under its key; "not found" proves nothing, it may be late
 *   still none   reverse it, again and again until that is answered; whatever arrives after a
 *                reversal is declined by the gateway
 *
 * So "approved" is only ever shown for an approval that was read, and an attempt that was
 * given up can take no money later.
 */

import { Problem, isBusy, isFailedCall, isUnknown } from "./api.js";
import { backOffMs, pause, pauseUnlessWoken } from "./pause.js";

const ANSWER_WITHIN_MS = 8_000; // a customer's patience; the gateway's own deadline is shorter
const BUSY_TIMES = 3; // a partition that restarts is back within two seconds
const LOOK_TIMES = 3;
const LOOK_EVERY_MS = 2_000;
const BACK_OFF_MAX_MS = 10_000;

/** @typedef {import("./wire.js").Payment} Payment */
/** @typedef {import("./attempts.js").Attempt} Attempt */
/** @typedef {"asking"|"looking"|"reversing"|"reverse_late"} Stage */
/** @typedef {{end: "approved"|"declined"|"undone"|"refused"|"stuck", payment: ?Payment,
 *   says: string}} Outcome says: the gateway's words, for a refusal */

export class Sale {
  /**
   * @param {{api: import("./api.js").Api, attempts: import("./attempts.js").Attempts}} till
   * @param {Attempt} attempt
   * @param {(stage: Stage) => void} onStage
   */
  constructor({ api, attempts }, attempt, onStage) {
    this.api = api;
    this.attempts = attempts;
    this.attempt = attempt;
    this.onStage = onStage;
    this.named = { key: attempt.key, payer: { code: attempt.code } };
  }

  /** @returns {Promise<Outcome>} */
  async run() {
    this.attempts.remember(this.attempt);
    this.onStage("asking");
    return this.#end((await this.#ask()) ?? (await this.#look()) ?? (await this.#reverse()));
  }

  /** For an attempt whose page was closed before the answer. @returns {Promise<Outcome>} */
  async settle() {
    return this.#end((await this.#look()) ?? (await this.#reverse()));
  }

  /** @param {Outcome} outcome */
  #end(outcome) {
    if (outcome.end !== "stuck") this.attempts.forget(this.attempt);
    return outcome;
  }

  /** @returns {Promise<?Outcome>} null: not known */
  async #ask() {
    for (let busy = 0; ; busy += 1) {
      try {
        return await this.#askOnce();
      } catch (error) {
        if (isUnknown(error)) return null;
        if (!(error instanceof Problem)) throw error;
        if (!isBusy(error) || busy === BUSY_TIMES) {
          return { end: "refused", payment: null, says: error.message };
        }
      }
      await pause(backOffMs(busy, BACK_OFF_MAX_MS));
    }
  }

  /** @returns {Promise<?Outcome>} */
  async #askOnce() {
    const { amount, order, capture, code, key } = this.attempt;
    const answer = await this.api.post(
      "/v1/payments",
      { amount, order, capture, payer: { code } },
      { key, withinMs: ANSWER_WITHIN_MS },
    );
    return answer.status === 202 ? null : outcomeOf(answer.body);
  }

  /** @returns {Promise<?Outcome>} null: not known, which is no proof that it never arrives */
  async #look() {
    this.onStage("looking");
    for (let time = 0; time < LOOK_TIMES; time += 1) {
      try {
        const answer = await this.api.post("/v1/payments/lookup", this.named, {
          withinMs: LOOK_EVERY_MS,
        });
        if (answer.status === 200) return outcomeOf(answer.body);
      } catch (error) {
        if (!isFailedCall(error)) throw error;
      }
      await pause(LOOK_EVERY_MS);
    }
    return null;
  }

  /** @returns {Promise<Outcome>} */
  async #reverse() {
    this.onStage("reversing");
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { status, body } = await this.api.post("/v1/payments/reverse", this.named, {
          key: this.attempt.reverseKey,
        });
        if (status === 200) return undone(body);
      } catch (error) {
        if (error instanceof Problem && isFinal(error)) {
          return { end: "stuck", payment: null, says: error.message };
        }
        if (!isFailedCall(error)) throw error;
      }
      this.onStage("reverse_late");
      await pauseUnlessWoken(backOffMs(attempt, BACK_OFF_MAX_MS));
    }
  }
}

/** Whether repeating a reversal would only be refused again. @param {Problem} problem */
function isFinal(problem) {
  return problem.happened === "no" && problem.status < 500 && problem.status !== 429;
}

/** @param {Payment} payment @returns {Outcome} */
function outcomeOf(payment) {
  if (payment.status === "declined") return { end: "declined", payment, says: "" };
  // What was undone by the time it was looked up pays for nothing.
  const paid = payment.remaining_minor > 0 || payment.captured_minor > payment.refunded_minor;
  return { end: paid ? "approved" : "undone", payment, says: "" };
}

/** @param {{outcome: string, payment: ?Payment}} answer @returns {Outcome} */
function undone({ payment }) {
  const end = payment?.status === "declined" ? "declined" : "undone";
  return { end, payment, says: "" };
}
