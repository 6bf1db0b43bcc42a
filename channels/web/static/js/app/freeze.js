/** The brake: at once and for everything. Letting go may need the passkey; stopping never does. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { newKey } from "../keys.js";
import { proved } from "../passkey_proof.js";
import { Said, button } from "./parts.js";

/**
 * @param {import("../api.js").Api} api @param {string} account
 * @param {() => Promise<void>} onChange
 * @returns {import("./screens.js").Screen}
 */
export function freezeScreen(api, account, onChange) {
  const path = `/v1/accounts/${account}`;
  /** @param {HTMLElement} root */
  const open = async (root) => {
    const said = new Said();
    root.replaceChildren(said.root);
    const state = await said.trying(() => api.get(path));
    if (state === undefined) return;
    const frozen = state.status === "frozen";
    const act = async () => {
      const call = () => api.post(`${path}/${frozen ? "unfreeze" : "freeze"}`, {}, { key });
      const done = await said.trying(() => (frozen ? proved(api, call) : call()));
      if (done === undefined) return;
      await onChange();
      await open(root);
    };
    const key = newKey(frozen ? "unfreeze" : "freeze");
    root.replaceChildren(
      el(
        "section",
        { class: "card stack", "data-frozen": String(frozen) },
        el("p", {}, el("strong", { text: frozen ? text.isFrozen : text.isOpen })),
        el("p", { text: frozen ? text.isFrozenSays : text.isOpenSays }),
        button(frozen ? text.unfreezeNow : text.freezeNow, act, "primary big"),
        said.root,
      ),
    );
  };
  return { title: text.freeze, parent: "settings", open };
}
