/** Texts into the page: every sentence lives in one file per page, under /static/text/. */

import { LANGUAGE, RIGHT_TO_LEFT } from "./language.js";

const numbers = new Intl.NumberFormat(LANGUAGE);

/**
 * @param {string} sentence with {names} in braces
 * @param {Record<string, string|number>} values
 */
export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => inside(values[name]));
}

/**
 * A value in a sentence. From right to left it is set apart, or "Pearl Lounge" and the number next to
 * it would change places.
 * @param {string|number} value
 */
function inside(value) {
  const text = typeof value === "number" ? numbers.format(value) : String(value);
  return RIGHT_TO_LEFT ? `\u2068${text}\u2069` : text;
}

/**
 * The word for a name of the API. One that is not known here still reads as words.
 * @param {Record<string, string>} words @param {string} name
 */
export function wordFor(words, name) {
  return words[name] ?? name.replaceAll("_", " ");
}

/**
 * Fill `data-text`, and the attributes named by `data-text-<attribute>`, from a text file.
 * @param {Record<string, any>} text
 */
export function fillPage(text) {
  document.title = text.title;
  for (const attribute of ["aria-label", "placeholder"]) {
    for (const node of document.querySelectorAll(`[data-text-${attribute}]`)) {
      node.setAttribute(attribute, text[node.getAttribute(`data-text-${attribute}`) ?? ""]);
    }
  }
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = text[node.getAttribute("data-text") ?? ""];
  }
}
