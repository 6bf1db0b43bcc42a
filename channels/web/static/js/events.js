/**
 * What happens, as it happens: the gateway's event stream, read through fetch so that it can
 * carry who is asking. After a break it goes on from the last event seen. Whoever listens
 * must read the truth anew on every `live`: a gateway keeps the past only for so long.
 */

import { backOffMs, pauseUnlessWoken } from "./pause.js";
import { SseParser } from "./sse.js";
import { stopwatch_ms } from "./stopwatch.js";

const BACK_OFF_MAX_MS = 15_000;
// The gateway speaks at least every 15 s. A stream silent for three times that is dead,
// though a phone that has changed networks may not have noticed.
const SILENCE_MAX_MS = 45_000;
// Somebody who takes the phone out again should not wait for that: one missed word is enough.
const SILENCE_SEEN_MAX_MS = 20_000;

/** @typedef {"live"|"waiting"|"refused"} StreamState */

export class EventStream {
  #abort = new AbortController();
  #heard_ms = 0;

  /**
   * @param {import("./api.js").Api} api
   * @param {{onEvent: (name: string, data: any, id: ?string) => void,
   *   onState: (state: StreamState) => void}} listener
   * @param {?string} [lastId] where an earlier page left off
   */
  constructor(api, listener, lastId = null) {
    this.api = api;
    this.listener = listener;
    this.lastId = lastId;
  }

  async run() {
    document.addEventListener("visibilitychange", () => this.#onLook());
    for (let attempt = 0; ; attempt += 1) {
      try {
        const status = await this.#read(() => (attempt = 0));
        if (status === 401 || status === 403) {
          this.listener.onState("refused");
          return;
        }
        // The gateway no longer knows this id, or never did: begin with now.
        if (status >= 400 && status < 500) this.lastId = null;
      } catch {
        // No network, a gateway that restarts, or silence: all of them are waited out.
      }
      this.listener.onState("waiting");
      await pauseUnlessWoken(backOffMs(attempt, BACK_OFF_MAX_MS));
    }
  }

  #onLook() {
    const silence_ms = stopwatch_ms() - this.#heard_ms;
    if (!document.hidden && silence_ms > SILENCE_SEEN_MAX_MS) this.#abort.abort();
  }

  /** @param {() => void} onData @returns {Promise<number>} the status, once the stream ends */
  async #read(onData) {
    this.#abort = new AbortController();
    const headers = { Accept: "text/event-stream", ...this.api.identity };
    if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
    const answer = fetch("/v1/events", { headers, signal: this.#abort.signal });
    const response = await this.#orSilence(answer);
    if (!response.ok || response.body === null) return response.status;
    this.listener.onState("live");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new SseParser();
    for (;;) {
      const { done, value } = await this.#orSilence(reader.read());
      if (done) return response.status;
      onData();
      for (const event of parser.feed(value)) this.#hand(event);
    }
  }

  /** @param {import("./sse.js").ServerEvent} event */
  #hand({ id, event, data }) {
    this.lastId = id ?? this.lastId;
    try {
      this.listener.onEvent(event, JSON.parse(data), this.lastId);
    } catch (error) {
      // Our own fault, so it must be seen; but the stream is sound, and goes on.
      reportError(error);
    }
  }

  /** @template T @param {Promise<T>} promise @returns {Promise<T>} */
  async #orSilence(promise) {
    const timer = setTimeout(() => this.#abort.abort(), SILENCE_MAX_MS);
    try {
      const heard = await promise;
      this.#heard_ms = stopwatch_ms();
      return heard;
    } finally {
      clearTimeout(timer);
    }
  }
}
