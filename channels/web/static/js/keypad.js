/** The keys of the till: on the screen, and the same ones on a keyboard. */

import { till as text } from "../text/till.js";
import { el } from "./dom.js";
import { say } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "00", "0"];

/** @param {HTMLElement} root @param {{press: (digit: string) => void, erase: () => void}} on */
export function buildKeypad(root, on) {
  const keys = KEYS.map((digit) =>
    el("button", {
      type: "button",
      class: "key figure",
      text: digit,
      "aria-label": say(text.digit, { digit }),
      on: { click: () => on.press(digit) },
    }),
  );
  const erase = el("button", {
    type: "button",
    class: "key",
    text: "⌫",
    "aria-label": text.erase,
    on: { click: on.erase },
  });
  root.replaceChildren(...keys, erase);
}

/** Whether the person is writing in a field: then keys are for the field. */
export function isWriting() {
  const field = document.activeElement;
  return field instanceof HTMLInputElement && field.type === "text";
}
