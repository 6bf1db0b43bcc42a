/** Settings: ten codes for when there is no network. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { newKey } from "../keys.js";
import { keepCodes } from "./kept.js";
import { Said, button } from "./parts.js";
import { Purse } from "./purse.js";

/**
 * @param {import("../api.js").Api} api @param {string} account
 * @returns {import("./screens.js").Screen}
 */
export function offlineScreen(api, account) {
  /** @param {HTMLElement} root */
  const open = (root) => {
    const said = new Said();
    const purse = new Purse(() => new Date());
    let key = newKey("offline");
    const fetchCodes = async () => {
      const path = `/v1/accounts/${account}/codes/offline`;
      const made = await said.trying(() => api.post(path, {}, { key }));
      if (made === undefined) return;
      key = newKey("offline");
      keepCodes(made.body.codes);
      purse.show();
      said.say(text.codesFetched);
    };
    root.replaceChildren(
      el("p", { text: text.offlineSays }),
      said.root,
      purse.root,
      button(text.fetchCodes, fetchCodes, "big"),
      el("p", { class: "soft", text: text.offlineRisk }),
    );
  };
  return { title: text.offline, parent: "settings", open };
}
