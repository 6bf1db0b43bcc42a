/**
 * Who is signed in on this tab. The key stays in sessionStorage: another tab may be another
 * person, and closing the tab forgets it. A wallet and a till may share a tab, so each side
 * has a key of its own.
 */

import { Api, Problem, isFailedCall } from "./api.js";
import { forgetKept } from "./app/kept.js";

/** @typedef {import("./wire.js").Me} Me */
/** @typedef {"wallet"|"till"|"counter"|"agent"|"office"} Side */

export class Session {
  /** @param {Side} side */
  constructor(side) {
    this.side = side;
    this.api = new Api(sessionStorage.getItem(this.#slot));
    /** @type {?Me} */
    this.me = null;
  }

  get #slot() {
    return `airside.key.${this.side}`;
  }

  /**
   * Who the stored key belongs to.
   * @returns {Promise<?Me>} null when nobody is signed in, or the key is no longer good
   */
  async resume() {
    if (this.api.key === null) return null;
    try {
      this.me = await this.api.get("/v1/me");
      return this.me;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      this.signOut();
      return null;
    }
  }

  /** Only a demo has this door. @param {string} who @returns {Promise<?Me>} */
  async signInAs(who) {
    const { body } = await new Api(null).post("/v1/demo/sign-in", { who });
    return this.signInWith(body.api_key);
  }

  /** @param {string} key @returns {Promise<?Me>} */
  async signInWith(key) {
    this.api = new Api(key);
    const me = await this.resume();
    if (me !== null) sessionStorage.setItem(this.#slot, key);
    return me;
  }

  /** End the session itself, on every gateway, and not only this page's memory of it. */
  async end() {
    try {
      await this.api.post("/v1/me/sign-out", {});
    } catch (error) {
      // Offline, or ended already: what this device knows is forgotten in any case.
      if (!isFailedCall(error)) throw error;
    }
    this.leave();
  }

  /** Forget who was here, and begin this page anew. */
  leave() {
    this.signOut();
    location.reload();
  }

  signOut() {
    if (this.side === "wallet") forgetKept();
    sessionStorage.removeItem(this.#slot);
    this.api = new Api(null);
    this.me = null;
  }
}

/** @returns {Promise<import("./wire.js").SignInChoice[]>} none when this is no demo */
export async function demoChoices() {
  try {
    return (await new Api(null).get("/v1/demo")).sign_ins;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}
