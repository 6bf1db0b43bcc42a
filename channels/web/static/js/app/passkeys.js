/** Passkeys: sign in by looking at the phone or touching it. Made, listed and removed here. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { hasPasskeys, makePasskey } from "../passkey.js";
import { proved } from "../passkey_proof.js";
import { momentText } from "../times.js";
import { say } from "../words.js";
import { deviceName } from "./device_name.js";
import { Said, button, sureButton } from "./parts.js";

/** @typedef {{id: string, name: string, created_at: string, last_used_at: ?string,
 *   this_device: boolean}} Passkey */

/**
 * @param {import("../api.js").Api} api
 * @returns {import("./screens.js").Screen}
 */
export function passkeysScreen(api) {
  return {
    title: text.passkeys,
    parent: "settings",
    open: (root) => new PasskeysScreen(api, root).show(),
  };
}

class PasskeysScreen {
  #said = new Said();
  #list = el("ul", { class: "rows card" });

  /** @param {import("../api.js").Api} api @param {HTMLElement} root */
  constructor(api, root) {
    this.api = api;
    const add = button(text.addPasskey, () => this.#add(), "primary big");
    const noPasskeys = el("p", { class: "said", text: text.noPasskeysHere });
    root.replaceChildren(
      el("p", { text: text.passkeysSays }),
      this.#said.root,
      hasPasskeys() ? add : noPasskeys,
      this.#list,
    );
  }

  async show() {
    const read = await this.#said.trying(() => this.api.get("/v1/passkeys"));
    const passkeys = /** @type {Passkey[]} */ (read?.passkeys ?? []);
    this.#list.replaceChildren(...passkeys.map((one) => this.#row(one)));
    this.#list.hidden = passkeys.length === 0;
  }

  async #add() {
    const added = await this.#said.trying(async () => {
      const registration = () => this.api.post("/v1/passkeys/registration", {});
      const options = (await proved(this.api, registration)).body;
      const credential = await makePasskey(options);
      const body = { ceremony: options.ceremony, credential, name: deviceName() };
      return this.api.post("/v1/passkeys", body);
    });
    if (added === undefined) return;
    await this.show();
    this.#said.say(text.passkeyAdded);
  }

  /** @param {Passkey} passkey */
  async #remove(passkey) {
    const path = `/v1/passkeys/${encodeURIComponent(passkey.id)}`;
    const removed = await this.#said.trying(async () => {
      await proved(this.api, () => this.api.remove(path));
      return true;
    });
    if (removed) await this.show();
  }

  /** @param {Passkey} passkey */
  #row(passkey) {
    const used = passkey.last_used_at ?? passkey.created_at;
    const says = say(text.lastUsed, { when: momentText(used) });
    return el(
      "li",
      { class: "row-item" },
      el(
        "div",
        {},
        el("strong", {}, el("bdi", { text: passkey.name || text.somePasskey })),
        el("p", { class: "soft small", text: says }),
      ),
      sureButton(text.removePasskey, text.removeSure, () => this.#remove(passkey)),
    );
  }
}
