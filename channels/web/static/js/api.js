/**
 * Calls to the gateway. Three ends, never mixed:
 *
 *   Answer      the gateway said what is true; a declined payment (402) is an answer too
 *   Problem     it refused, and says whether anything happened: yes, no or unknown
 *   NoAnswer    nothing came back in time: whether anything happened is unknown
 */

import { problemText } from "../text/problems.js";

const ANSWER_WITHIN_MS = 10_000;

/** @typedef {{status: number, body: any}} Answer */

export class Problem extends Error {
  /** @param {number} status @param {any} body RFC 9457, or whatever a proxy made of it */
  constructor(status, body) {
    const name = String(body?.type ?? "").split("/").at(-1) ?? "";
    super(problemText(name, body) ?? body?.detail ?? body?.title ?? `HTTP ${status}`);
    this.status = status;
    this.field = body?.field ?? null;
    this.reason = body?.reason ?? null;
    /** The end of its type, such as "bad-request"; empty when it is not the gateway's own. */
    this.name = name;
    /** Only the gateway itself may say that nothing happened. */
    this.happened = body?.happened ?? "unknown";
  }
}

class NoAnswer extends Error {}

/**
 * Whether the gateway refused or was silent; anything else is a fault of the page.
 * @param {unknown} error
 */
export function isFailedCall(error) {
  return error instanceof Problem || error instanceof NoAnswer;
}

/** Whether the outcome of what was asked is still open. @param {unknown} error */
export function isUnknown(error) {
  if (error instanceof NoAnswer) return true;
  return error instanceof Problem && error.happened === "unknown";
}

/** Nothing happened, and the same key may be tried again at once. @param {unknown} error */
export function isBusy(error) {
  return error instanceof Problem && error.status === 503 && error.happened === "no";
}

export class Api {
  /** @param {?string} key the API key; null before sign-in */
  constructor(key) {
    this.key = key;
  }

  /** @param {string} path @returns {Promise<any>} the body */
  async get(path) {
    return (await this.#call(path, { method: "GET" }, {})).body;
  }

  /**
   * @param {string} path @param {object} body
   * @param {{key?: string, withinMs?: number}} [how] key: the Idempotency-Key
   * @returns {Promise<Answer>}
   */
  async post(path, body, { key, withinMs = ANSWER_WITHIN_MS } = {}) {
    const headers = { "Content-Type": "application/json" };
    if (key) headers["Idempotency-Key"] = key;
    return this.#call(path, { method: "POST", body: JSON.stringify(body), headers }, { withinMs });
  }

  /** Replaces what is there. @param {string} path @param {object} body @returns {Promise<any>} */
  async put(path, body) {
    const headers = { "Content-Type": "application/json" };
    return (await this.#call(path, { method: "PUT", body: JSON.stringify(body), headers }, {})).body;
  }

  /** @param {string} path */
  async remove(path) {
    await this.#call(path, { method: "DELETE" }, {});
  }

  /** A document that is no JSON, such as an export. @param {string} path @returns {Promise<Blob>} */
  async download(path) {
    const response = await fetch(path, { headers: this.identity }).catch((error) => {
      throw new NoAnswer(String(error));
    });
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => null));
    return response.blob();
  }

  /** The headers that say who is asking. */
  get identity() {
    return this.key ? { Authorization: `Bearer ${this.key}` } : {};
  }

  async #call(path, init, { withinMs = ANSWER_WITHIN_MS }) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), withinMs);
    const headers = { Accept: "application/json", ...this.identity, ...init.headers };
    try {
      const response = await fetch(path, { ...init, headers, signal: stop.signal });
      return await answerOf(response);
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new NoAnswer(String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {Response} response @returns {Promise<Answer>} */
async function answerOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const text = await response.text();
  const body = type.includes("json") && text ? JSON.parse(text) : null;
  if (type.startsWith("application/json") && (response.ok || response.status === 402)) {
    return { status: response.status, body };
  }
  if (response.status === 204) return { status: 204, body: null };
  throw new Problem(response.status, body);
}
