/** Settings: language, care mode, size of type. Each changes at once, so nothing needs a Save. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { LANGUAGE, LANGUAGES, chooseLanguage } from "../language.js";
import { SIZES, isCare, setCare, setSize, size } from "./appearance.js";
import { button } from "./parts.js";

/** @param {() => void} onChange @returns {import("./screens.js").Screen} */
export function lookScreen(onChange) {
  return {
    title: text.look,
    parent: "settings",
    open: (root) => root.replaceChildren(care(onChange), sizes(onChange), languages()),
  };
}

/** @param {() => void} onChange */
function care(onChange) {
  const change = () => {
    setCare(!isCare());
    onChange();
  };
  return el(
    "section",
    { class: "card stack" },
    el("h2", { text: text.care }),
    el("p", { text: text.careSays }),
    el("p", {}, el("strong", { text: isCare() ? text.careIsOn : text.careIsOff })),
    button(isCare() ? text.careOff : text.careOn, change, "primary big"),
  );
}

/** @param {() => void} onChange */
function sizes(onChange) {
  const names = [text.sizeUsual, text.sizeLarge, text.sizeLarger, text.sizeLargest];
  return choice(
    text.size,
    SIZES.map((one, at) => ({
      label: names[at],
      chosen: size() === one,
      does: () => {
        setSize(one);
        onChange();
      },
    })),
  );
}

function languages() {
  return choice(
    text.language,
    LANGUAGES.map(({ code, tag, name }) => ({
      label: name,
      lang: tag,
      chosen: tag === LANGUAGE,
      does: () => chooseLanguage(code),
    })),
  );
}

/** @param {string} title
 *  @param {{label: string, lang?: string, chosen: boolean, does: () => void}[]} options */
function choice(title, options) {
  const buttons = options.map(({ label, lang, chosen, does }) => {
    const pressed = { class: "option", "aria-pressed": String(chosen), lang };
    return el("button", { type: "button", ...pressed, text: label, on: { click: does } });
  });
  return el(
    "section",
    { class: "card stack" },
    el("h2", { text: title }),
    el("div", { class: "options" }, ...buttons),
  );
}
