/** The entries of an account that have been read so far: the newest, and as far back as asked. */

/** @typedef {import("./wire.js").Entry} Entry */

const PAGE = 40; // a phone shows eight at once

export class Entries {
  /**
   * @param {import("./api.js").Api} api @param {string} account
   * @param {URLSearchParams} [query] which of them; without one, all
   */
  constructor(api, account, query = new URLSearchParams()) {
    this.api = api;
    const asked = new URLSearchParams([["limit", String(PAGE)], ...query]);
    this.path = `/v1/accounts/${account}/entries?${asked}`;
    /** @type {Entry[]} newest first */
    this.all = [];
    /** @type {?string} */
    this.next = null;
  }

  /** Read what is new. */
  async readNewest() {
    const page = await this.api.get(this.path);
    const known = this.all.length ? page.entries.findIndex((e) => e.id === this.all[0].id) : -1;
    if (known >= 0) {
      this.all = [...page.entries.slice(0, known), ...this.all];
      return;
    }
    // More has happened than a page holds: what was read before would leave a gap.
    this.all = page.entries;
    this.next = page.next;
  }

  async readEarlier() {
    if (this.next === null) return;
    const page = await this.api.get(`${this.path}&before=${encodeURIComponent(this.next)}`);
    this.all = [...this.all, ...page.entries];
    this.next = page.next;
  }
}
