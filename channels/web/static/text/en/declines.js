/** Why a payment was declined, as the payer reads it. */

/** @type {Record<string, string>} */
export const declines = {
  reversed_before_arrival: "The till had given up on this attempt",
  account_closed: "This wallet is closed",
  account_closing: "This wallet is closing",
  account_frozen: "This wallet is frozen",
  code_used: "This code had paid for another order",
  code_expired: "The code had expired",
  code_not_yet_valid: "The code came from a clock that is wrong",
  wrong_currency: "This wallet holds nothing in that currency",
  too_many_holds: "Too many payments are being held",
  exceeds_channel_limit: "More than may be paid here at once",
  not_sold_in_channel: "Not sold in this way",
  insufficient_funds: "Not enough in the wallet",
};
