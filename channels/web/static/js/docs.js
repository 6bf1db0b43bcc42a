/** The API, readable: /openapi.json as a page, with an index that finds. */

import { docs as text } from "../text/docs.js";
import { callSection } from "./call.js";
import { byId, el } from "./dom.js";
import { Frame } from "./frame.js";
import { Api } from "./api.js";
import { callsOf, Schemas } from "./openapi.js";
import { demoChoices } from "./session.js";
import { patiently } from "./sign_in.js";
import { fillPage } from "./words.js";

/** @typedef {import("./openapi.js").Call} Call */

/** @param {Call[]} calls @returns {Map<string, Call[]>} */
function grouped(calls) {
  /** @type {Map<string, Call[]>} */
  const groups = new Map();
  for (const call of calls) groups.set(call.group, [...(groups.get(call.group) ?? []), call]);
  return groups;
}

/** @param {Call[]} calls @param {string} words */
function found(calls, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return calls.filter(({ method, path, operation }) => {
    const here = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
    return wanted.every((word) => here.includes(word));
  });
}

/** @param {Call[]} calls @param {Schemas} schemas */
function show(calls, schemas) {
  const groups = [...grouped(calls)];
  byId("calls").replaceChildren(
    ...groups.map(([group, members]) =>
      el(
        "section",
        { class: "group" },
        el("h2", { text: group, id: `group-${group}` }),
        ...members.map((call) => callSection(call, schemas)),
      ),
    ),
  );
  byId("index").replaceChildren(...groups.map(([group, members]) => indexOf(group, members)));
  byId("nothing").textContent = calls.length ? "" : text.nothingFound;
}

/** @param {string} group @param {Call[]} members */
function indexOf(group, members) {
  const links = members.map(({ id, method, path }) =>
    el(
      "li",
      {},
      el(
        "a",
        { href: `#${id}`, on: { click: () => openCall(id) } },
        el("span", { class: "method", "data-method": method, text: method }),
        el("code", { text: path.replace("/v1", "") }),
      ),
    ),
  );
  return el("section", {}, el("h3", { class: "soft", text: group }), el("ul", {}, ...links));
}

/** @param {string} id */
function openCall(id) {
  const details = document.getElementById(id);
  if (details instanceof HTMLDetailsElement) details.open = true;
}

async function main() {
  fillPage(text);
  const frame = new Frame(text.name);
  byId("conventions").replaceChildren(
    ...text.conventions.map(([term, says]) =>
      el("div", {}, el("dt", { text: term }), el("dd", { text: says })),
    ),
  );
  const openapi = await patiently(() => new Api(null).get("/openapi.json"));
  const calls = callsOf(openapi ?? {});
  const schemas = new Schemas(openapi);
  byId("find").oninput = () => show(found(calls, byId("find").value), schemas);
  show(calls, schemas);
  const asked = document.getElementById(location.hash.slice(1));
  if (asked !== null) {
    openCall(asked.id);
    asked.scrollIntoView();
  }
  const choices = await demoChoices().catch(() => []);
  if (choices.length) frame.showDemo();
}

main();
