/** A schema as a list that a person can read: name, type, bounds, what it means. */

import { docs as text } from "../text/docs.js";
import { el } from "./dom.js";
import { say } from "./words.js";

/** @typedef {import("./openapi.js").Schema} Schema */
/** @typedef {import("./openapi.js").Schemas} Schemas */

const DEPTH_MAX = 6;

/** @param {Schemas} schemas @param {Schema|undefined} schema @param {number} [depth] */
export function fieldsOf(schemas, schema, depth = 0) {
  const { schema: here } = schemas.unwrapped(schema);
  const object = here.type === "array" ? schemas.unwrapped(here.items).schema : here;
  const properties = Object.entries(object.properties ?? {});
  if (properties.length === 0) return el("p", { class: "soft small", text: text.empty });
  const required = new Set(object.required ?? []);
  const items = properties.map(([name, inner]) => {
    const field = { name, schema: /** @type {Schema} */ (inner), required: required.has(name) };
    return fieldItem(schemas, { ...field, depth });
  });
  return el("ul", { class: "fields" }, ...items);
}

/**
 * @param {Schemas} schemas
 * @param {{name: string, schema: Schema, required: boolean, depth: number}} field
 */
function fieldItem(schemas, { name, schema, required, depth }) {
  const { schema: here, nullable } = schemas.unwrapped(schema);
  const inner = here.type === "array" ? schemas.unwrapped(here.items).schema : here;
  const nested = inner.properties && depth < DEPTH_MAX ? fieldsOf(schemas, inner, depth + 1) : null;
  const facts = [typeOf(schemas, here) + (nullable ? " or null" : ""), ...boundsOf(here)];
  return el(
    "li",
    {},
    el("code", { class: "field-name", text: name }),
    el("span", { class: "soft small field-facts", text: facts.join(" · ") }),
    required ? null : el("span", { class: "field-optional small", text: text.optional }),
    here.description ? el("p", { class: "small", text: here.description }) : null,
    nested,
  );
}

/** @param {Schemas} schemas @param {Schema} schema @returns {string} */
function typeOf(schemas, schema) {
  const type = (/** @type {Schema} */ one) => typeOf(schemas, schemas.unwrapped(one).schema);
  if (schema.enum) return schema.enum.map(literal).join(" | ");
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.type === "array") return `list of ${type(schema.items)}`;
  if (schema.anyOf) return schema.anyOf.map(type).join(" or ");
  return schema.title && schema.type === "object" ? schema.title : (schema.type ?? "any");
}

/** @param {unknown} value @returns {string} */
function literal(value) {
  return JSON.stringify(value);
}

/** @param {Schema} schema @returns {string[]} */
function boundsOf(schema) {
  const { minimum, minLength, maxLength, pattern } = schema;
  const maximum = schema.maximum === Number.MAX_SAFE_INTEGER ? "2^53 \u2212 1" : schema.maximum;
  const range = (/** @type {any} */ low, /** @type {any} */ high, /** @type {string} */ of) => {
    if (low !== undefined && high !== undefined) return `${low} to ${high}${of}`;
    if (high !== undefined) return `at most ${high}${of}`;
    return low !== undefined ? `at least ${low}${of}` : "";
  };
  const fallback = schema.default ?? "";
  return [
    range(minimum, maximum, ""),
    range(minLength, maxLength, " characters"),
    pattern ?? "",
    fallback === "" ? "" : say(text.fallback, { value: literal(fallback) }),
  ].filter(Boolean);
}
