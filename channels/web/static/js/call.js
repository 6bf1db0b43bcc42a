/** One call of the API on the page. */

import { docs as text } from "../text/docs.js";
import { el } from "./dom.js";
import { exampleOf } from "./example.js";
import { contentSchema } from "./openapi.js";
import { fieldsOf } from "./schema.js";
import { say } from "./words.js";

/** @typedef {import("./openapi.js").Call} Call */
/** @typedef {import("./openapi.js").Schemas} Schemas */

const PROBLEM = "application/problem+json";

/** @param {Call} call @param {Schemas} schemas */
export function callSection(call, schemas) {
  const { method, path, id, operation } = call;
  const body = contentSchema(operation.requestBody);
  const details = el(
    "details",
    { class: "call card", id, name: "call" },
    el(
      "summary",
      {},
      el("span", { class: "method", "data-method": method, text: method }),
      el("code", { class: "call-path", text: path }),
      el("span", { class: "call-summary soft", text: operation.summary ?? "" }),
    ),
  );
  // What is inside is built when it is first looked at: the whole API is a long page.
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(inside(call, schemas, body));
  });
  return details;
}

/** @param {Call} call @param {Schemas} schemas @param {any} body */
function inside(call, schemas, body) {
  const { operation } = call;
  const answers = Object.entries(operation.responses ?? {});
  const isProblem = (/** @type {any} */ answer) => PROBLEM in (answer.content ?? {});
  const good = answers.filter(([, answer]) => !isProblem(answer));
  const bad = answers.filter(([, answer]) => isProblem(answer));
  return el(
    "div",
    { class: "call-inside" },
    el("p", { class: "needs" }, ...needsOf(operation)),
    parametersOf(operation),
    body ? part(text.request, fieldsOf(schemas, body)) : null,
    part(text.example, block(curlOf(call, schemas, body))),
    part(text.answers, ...good.map((answer) => answerBlock(schemas, answer))),
    part(text.problems, el("ul", { class: "statuses" }, ...bad.map(problemItem))),
  );
}

/** Text as it would be typed; it scrolls by keyboard too. @param {string} code */
function block(code) {
  return el("pre", { tabindex: "0" }, el("code", { text: code }));
}

/** @param {string} title @param {...Node} content */
function part(title, ...content) {
  return el("section", { class: "part" }, el("h3", { text: title }), ...content);
}

/** @param {any} operation */
function needsOf(operation) {
  const { security } = operation;
  const scopes = Object.values(security?.[0] ?? {}).flat().join(" or ");
  const who = security ? say(text.scopes, { scopes }) : text.open;
  return [who, isKeyed(operation) ? text.once : null]
    .filter(Boolean)
    .map((need) => el("span", { class: "chip", text: String(need) }));
}

/** @param {any} operation */
function isKeyed({ parameters }) {
  return (parameters ?? []).some(({ name }) => name === "Idempotency-Key");
}

/** @param {any} operation */
function parametersOf(operation) {
  const parameters = operation.parameters ?? [];
  if (parameters.length === 0) return null;
  const items = parameters.map((/** @type {any} */ { name, in: place, required, schema }) => {
    const facts = [say(text.place, { place }), schema?.type, schema?.pattern].filter(Boolean);
    return el(
      "li",
      {},
      el("code", { class: "field-name", text: name }),
      el("span", { class: "soft small field-facts", text: facts.join(" · ") }),
      required ? null : el("span", { class: "field-optional small", text: text.optional }),
    );
  });
  return part(text.parameters, el("ul", { class: "fields" }, ...items));
}

/** @param {Schemas} schemas @param {[string, any]} answer */
function answerBlock(schemas, [status, answer]) {
  const schema = contentSchema(answer);
  return el(
    "details",
    { class: "answer" },
    el("summary", {}, ...statusOf(status, answer)),
    fieldsOf(schemas, schema),
    block(JSON.stringify(exampleOf(schemas, schema), null, 2)),
  );
}

/** @param {[string, any]} answer */
function problemItem([status, answer]) {
  return el("li", { class: "small" }, ...statusOf(status, answer));
}

/** @param {string} status @param {any} answer */
function statusOf(status, { description }) {
  return [el("code", { class: "status", text: status }), el("span", { text: description })];
}

/** @param {Call} call @param {Schemas} schemas @param {any} body */
function curlOf({ method, path, operation }, schemas, body) {
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}"$AIRSIDE${path}"`,
    operation.security ? '  -H "Authorization: Bearer $KEY"' : null,
    isKeyed(operation) ? '  -H "Idempotency-Key: till-0d9f6c2e"' : null,
    body ? `  -d '${JSON.stringify(exampleOf(schemas, body), null, 2)}'` : null,
  ];
  return lines.filter(Boolean).join(" \\\n");
}
