/**
 * Three languages. Which one is on the root element before anything is painted (before_paint.js);
 * a page that is not translated says en-GB there, and everything here follows.
 */

const SLOT = "airside.language";

/** By their own names: who cannot read the page must find the way out of it. */
export const LANGUAGES = [
  { code: "en", tag: "en-GB", name: "English" },
  { code: "zh", tag: "zh-CN", name: "中文" },
  { code: "ar", tag: "ar-QA", name: "العربية" },
];

/** The tag that Intl is given. */
export const LANGUAGE = document.documentElement.lang || "en-GB";

export const RIGHT_TO_LEFT = document.documentElement.dir === "rtl";

export const isTranslated = document.documentElement.dataset.translated !== undefined;

/** @template T @param {{ar: T, en: T, zh: T}} tables @returns {T} */
export function inLanguage(tables) {
  if (LANGUAGE.startsWith("ar")) return tables.ar;
  return LANGUAGE.startsWith("zh") ? tables.zh : tables.en;
}

/** Remembered on this device; the page begins anew in it, at the place where it was. @param {string} code */
export function chooseLanguage(code) {
  localStorage.setItem(SLOT, code);
  location.reload();
}
