/**
 * The JSON of the API as the pages read it. Types only; the source is /openapi.json.
 *
 * @typedef {{amount_minor: number, currency: string}} Amount
 * @typedef {{pot: string, currency: string, posted_minor: number, held_minor: number,
 *   available_minor: number}} Pot
 * @typedef {{id: string, kind: string, status: string, label: string, pots: Pot[]}} Account
 * @typedef {{reason: string, response_code: string, retriable: boolean, text: string}} Decline
 * @typedef {{id: string, status: string, amount: Amount, captured_minor: number,
 *   refunded_minor: number, remaining_minor: number, merchant: string,
 *   merchant_name: ?string, order: ?string, at: string, decline: ?Decline}} Payment
 * @typedef {{id: string, at: string, kind: string, payment: ?string, transfer: ?string,
 *   amount: ?Amount, available_change_minor: number, merchant_name: ?string,
 *   order: ?string, decline: ?string}} Entry
 * @typedef {{payload: string, issued_at: string, expires_at: string, valid_s: number,
 *   svg: string}} Code
 * @typedef {{id: string, link: string, status: string, merchant_name: ?string,
 *   amount: Amount, order: string, lines: {text: string, amount_minor: number}[],
 *   payment: ?string}} Order
 * @typedef {{principal: string, kind: string, name: string, account: ?string, merchant: ?string,
 *   merchant_name: ?string, demo: boolean}} Me
 * @typedef {{who: string, label: string, page: string}} SignInChoice
 * @typedef {{kind: string, payment: ?Payment, amount?: Amount, at: string}} EventData
 */

export {};
