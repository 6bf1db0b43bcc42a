/**
 * The JSON of the counter as its page reads it. Types only; the source is /openapi.json.
 *
 * @typedef {import("./wire.js").Amount} Amount
 * @typedef {Record<string, string>} Texts by language
 * @typedef {{weight_g: number, item: string}} Bag
 * @typedef {{ticket: string, given_name: string, tier: string, checked: Bag[],
 *   allowance: {kind: "piece"|"weight", pieces: number, kg: number}}} Traveller
 * @typedef {{locator: string, flight: string, date: string, origin: string,
 *   destination: string, travellers: Traveller[]}} Booking
 * @typedef {{charge: string, rfisc: string, text: Texts, quantity: number, unit_minor: number,
 *   amount_minor: number, bags: number[], included: number}} Line
 * @typedef {{lines: Line[], amount: Amount}} Quote
 * @typedef {{number: number, rfisc: string, text: Texts, quantity: number,
 *   amount_minor: number, status: string}} Coupon
 * @typedef {{number: string, printed: string, rfic: string, status: string, issued_at: string,
 *   voidable_until: ?string, coupons: Coupon[]}} Emd
 * @typedef {{id: string, status: string, way: string, amount: Amount, reference: string,
 *   lines: Line[], payment: ?string, emd: ?Emd, refunded_minor: number,
 *   code: ?{svg: string, png: string}, decline: ?import("./wire.js").Decline, reason: ?string,
 *   shift: string, at: string, booking: {locator: string, ticket: string, given_name: string,
 *   flight: string, date: string, route: string, bags: Bag[]}}} Charge
 * @typedef {{id: string, opened_at: string, closed_at: ?string}} Shift
 * @typedef {{currency: string, way: string, charges: number, charged_minor: number,
 *   voids: number, voided_minor: number, refunds: number, refunded_minor: number,
 *   net_minor: number}} Total
 * @typedef {{charge: string, payment: string, what: "captured"|"given_back"|"unknown_payment",
 *   currency: string, counter_minor: number, ledger_minor: number}} Difference
 * @typedef {{shift: Shift, emds: number, unfinished: number, ties: boolean, totals: Total[],
 *   differences: Difference[], charges: Charge[]}} Report
 * @typedef {{agent: string, merchant_name: string, tariff: string, carry_max_kg: number,
 *   items: Record<string, Texts>, shift: ?Shift,
 *   demo: {locator: string, given_names: string[], route: string}[]}} Desk
 * @typedef {{ticket: string, bags: Bag[], amount: Amount}} Wanted
 */

export {};
