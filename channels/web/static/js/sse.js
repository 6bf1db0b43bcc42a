/**
 * Server-sent events out of text, as the WHATWG HTML standard reads them (9.2.6). Fed with
 * pieces cut anywhere; gives whole events. EventSource itself cannot send who is asking.
 */

/** @typedef {{id: ?string, event: string, data: string}} ServerEvent */

export class SseParser {
  #rest = "";
  #data = /** @type {string[]} */ ([]);
  #event = "";
  /** The last id seen, which a reconnection sends back. @type {?string} */
  lastId = null;

  /** @param {string} piece @returns {ServerEvent[]} */
  feed(piece) {
    const text = this.#rest + piece;
    // A CR at the very end may be half of a CRLF: it waits for the next piece.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? "") + text.slice(end);
    return lines.flatMap((line) => this.#line(line));
  }

  /** @param {string} line @returns {ServerEvent[]} */
  #line(line) {
    if (line === "") return this.#dispatch();
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? ["", "", ""];
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#event = value;
    if (field === "id" && !value.includes("\0")) this.lastId = value;
    return [];
  }

  #dispatch() {
    const data = this.#data.join("\n");
    const event = this.#event || "message";
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#event = "";
    return empty ? [] : [{ id: this.lastId, event, data }];
  }
}
