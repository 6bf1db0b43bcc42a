/**
 * Amounts: whole minor units in, text out, and back. Arithmetic on amounts is in BigInt, and
 * text is cut by digits, because a double would round what is larger than 2^53.
 *
 * How many decimals a currency has is written down here (ISO 4217, List One). The browser's
 * own table will not do: it follows custom, and says 0 for PKR, IDR or IQD, which would
 * show an amount a hundred or a thousand times too large.
 */

import { LANGUAGE, inLanguage } from "./language.js";

/** @type {Record<string, number>} */
const POINTS_UNITS = { AVIOS: 0 };

const USUAL_EXPONENT = 2;

/** Every ISO 4217 currency that does not have two decimals. @type {Record<number, string>} */
const OTHER_EXPONENTS = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const EXPONENT_BY_CODE = new Map(
  Object.entries(OTHER_EXPONENTS).flatMap(([places, codes]) =>
    codes.split(" ").map((code) => [code, Number(places)]),
  ),
);

const wholes = new Intl.NumberFormat(LANGUAGE, { useGrouping: true });
const decimalMark =
  new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 1 })
    .formatToParts(1)
    .find((part) => part.type === "decimal")?.value ?? ".";

/** 0 to 9 as the language writes them: ٠ to ٩ in Arabic. */
const DIGITS = [...new Intl.NumberFormat(LANGUAGE, { useGrouping: false }).format(9876543210n)].reverse();

// In Arabic with a mark before it that keeps it at the number's beginning, which is on the right.
const MARK = inLanguage({ ar: "\u061c", en: "", zh: "" });
const MINUS = `${MARK}\u2212`;
const PLUS = `${MARK}+`;

/** Programme points have no ISO code that Intl would know. */
const POINTS_NAMES = inLanguage({
  ar: { AVIOS: "أفيوس" },
  en: { AVIOS: "AVIOS" },
  zh: { AVIOS: "AVIOS" },
});

/** @param {string} currency @returns {number} decimals: QAR 2, JPY 0, BHD 3, AVIOS 0 */
export function exponent(currency) {
  return POINTS_UNITS[currency] ?? EXPONENT_BY_CODE.get(currency) ?? USUAL_EXPONENT;
}

/**
 * The number alone: 1234567 QAR → "12,345.67".
 * @param {number|bigint} minor @param {string} currency
 */
export function formatNumber(minor, currency) {
  const places = exponent(currency);
  const units = BigInt(minor);
  const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
  const whole = wholes.format(BigInt(digits.slice(0, digits.length - places)));
  const part = places ? decimalMark + localDigits(digits.slice(-places)) : "";
  return (units < 0n ? MINUS : "") + whole + part;
}

/** @param {string} ascii */
function localDigits(ascii) {
  return [...ascii].map((digit) => DIGITS[Number(digit)]).join("");
}

/**
 * What stands beside the number: the ISO code, which is read everywhere, and in Arabic the
 * currency's short name, because a Latin word inside would break the line in two directions.
 * @param {string} currency
 */
export function currencyName(currency) {
  const points = POINTS_NAMES[currency];
  if (points !== undefined) return points;
  if (!LANGUAGE.startsWith("ar") || !/^[A-Z]{3}$/.test(currency)) return currency;
  const form = new Intl.NumberFormat(LANGUAGE, { style: "currency", currency });
  const name = form.formatToParts(0).find((part) => part.type === "currency")?.value;
  return name?.replaceAll("\u200f", "") ?? currency;
}

/** "240.00 QAR". @param {number|bigint} minor @param {string} currency */
export function formatMoney(minor, currency) {
  return `${formatNumber(minor, currency)} ${currencyName(currency)}`;
}

/** With its sign always: "+20.00 QAR". @param {number|bigint} minor @param {string} currency */
export function formatChange(minor, currency) {
  return (BigInt(minor) > 0n ? PLUS : "") + formatMoney(minor, currency);
}

/**
 * As a person would type it, and parseMoney reads it: 123456 QAR → "1234.56".
 * @param {number} minor @param {string} currency
 */
export function typedNumber(minor, currency) {
  const places = exponent(currency);
  const digits = String(minor).padStart(places + 1, "0");
  const cut = digits.length - places;
  return places ? `${digits.slice(0, cut)}.${digits.slice(cut)}` : digits;
}

/**
 * What a person typed: "12", "12.5", "12,50" or "١٢٫٥٠" → 1250 for QAR.
 * @param {string} typed @param {string} currency
 * @returns {?number} null when it is no amount, has too many decimals, or is too large
 */
export function parseMoney(typed, currency) {
  return parseDecimal(typed, exponent(currency));
}

/**
 * A number with so many decimals at most, as a whole number of the last of them: 23.5 of 3 → 23500.
 * @param {string} typed @param {number} places
 * @returns {?number} null when it is none, has too many decimals, or is too large
 */
export function parseDecimal(typed, places) {
  const match = /^(\d{1,13})(?:[.,](\d*))?$/.exec(latin(typed.trim()));
  const part = match?.[2] ?? "";
  if (match === null || part.length > places) return null;
  const whole = Number(match[1] + part.padEnd(places, "0"));
  return Number.isSafeInteger(whole) ? whole : null;
}

/**
 * Keyboards write digits and marks in their own script: Arabic, Persian, or as wide as a character.
 * @param {string} typed
 */
function latin(typed) {
  return typed
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace(/[\uff10-\uff19]/g, (digit) => String(digit.charCodeAt(0) - 0xff10))
    .replace(/[\u066b\uff0c\uff0e\u3002]/g, ".");
}
