/**
 * What the gateway refused, in the reader's language, by the end of its type. The gateway speaks
 * English, and says more: it names the field. So English readers get its own words, and so does
 * everybody where a refusal is not known here.
 */

import { inLanguage } from "../js/language.js";
import { problems as ar } from "./ar/problems.js";
import { declines } from "./declines.js";
import { problems as zh } from "./zh/problems.js";

const problems = inLanguage({ ar, en: /** @type {Record<string, string>} */ ({}), zh });
const isEnglish = inLanguage({ ar: false, en: true, zh: false });

/** @param {string} name @param {any} body RFC 9457 @returns {?string} null: in its own words */
export function problemText(name, body) {
  if (isEnglish) return null;
  if (body?.reason) return declines[body.reason] ?? null;
  return problems[name]?.replace("{s}", String(body?.retry_after_s ?? 1)) ?? null;
}
