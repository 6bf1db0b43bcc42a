/** What can be set, one line each. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { rowLink } from "./parts.js";

/** @returns {import("./screens.js").Screen} */
export function settingsScreen() {
  return {
    title: text.settings,
    open: (root) => root.replaceChildren(
      group(text.paying, [
        rowLink("#ways", text.ways, text.waysShort),
        rowLink("#limits", text.limits, text.limitsShort),
        rowLink("#offline", text.offline, text.offlineShort),
      ]),
      group(text.safety, [
        rowLink("#freeze", text.freeze, text.freezeShort),
        rowLink("#passkeys", text.passkeys, text.passkeysShort),
        rowLink("#devices", text.devices, text.devicesShort),
      ]),
      group(text.comfort, [rowLink("#look", text.look, text.lookShort)]),
    ),
  };
}

/** @param {string} title @param {HTMLElement[]} rows */
function group(title, rows) {
  return el("section", { class: "card rows" }, el("h2", { text: title }), ...rows);
}
