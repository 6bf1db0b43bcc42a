/** Where somebody is signed in as me, and the door for each of them. */

import { app as text } from "../../text/app.js";
import { el } from "../dom.js";
import { momentText } from "../times.js";
import { say } from "../words.js";
import { Said, button, sureButton } from "./parts.js";

/** @typedef {{id: string, name: string, created_at: string, last_seen_at: string,
 *   current: boolean}} Device */

/**
 * @param {import("../session.js").Session} session
 * @returns {import("./screens.js").Screen}
 */
export function devicesScreen(session) {
  const { api } = session;
  /** @param {HTMLElement} root */
  const open = async (root) => {
    const said = new Said();
    const list = el("ul", { class: "rows card" });
    const leave = button(text.signOutHere, () => session.end(), "big");
    root.replaceChildren(el("p", { text: text.devicesSays }), said.root, list, leave);
    const read = await said.trying(() => api.get("/v1/me/sessions"));
    /** @param {Device} device */
    const end = async (device) => {
      const path = `/v1/me/sessions/${encodeURIComponent(device.id)}`;
      const ended = await said.trying(async () => {
        await api.remove(path);
        return true;
      });
      if (ended) await open(root);
    };
    const devices = /** @type {Device[]} */ (read?.sessions ?? []);
    list.replaceChildren(...devices.map((device) => row(device, () => end(device))));
    list.hidden = devices.length === 0;
    if (read !== undefined && devices.length === 0) said.say(text.noDevices);
  };
  return { title: text.devices, parent: "settings", open };
}

/** @param {Device} device @param {() => void} onEnd */
function row(device, onEnd) {
  const seen = say(text.lastSeen, { when: momentText(device.last_seen_at) });
  return el(
    "li",
    { class: "row-item" },
    el(
      "div",
      {},
      el("strong", {}, el("bdi", { text: device.name || text.someDevice })),
      el("p", { class: "soft small", text: device.current ? text.thisDevice : seen }),
    ),
    device.current ? null : sureButton(text.endDevice, text.endSure, onEnd),
  );
}
