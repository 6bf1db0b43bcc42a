/**
 * Why a payment was declined, as the payer reads it, in the reader's language. The till shows the
 * gateway's own words.
 */

import { inLanguage } from "../js/language.js";
import { declines as ar } from "./ar/declines.js";
import { declines as en } from "./en/declines.js";
import { declines as zh } from "./zh/declines.js";

export const declines = inLanguage({ ar, en, zh });

/** @param {?string} reason a reason that is not known here still reads as words */
export function declineText(reason) {
  if (reason === null) return "";
  return declines[reason] ?? reason.replaceAll("_", " ");
}
