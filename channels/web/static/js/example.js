/** Example values for a schema: those of a till in a lounge, where the names say what is meant. */

/** @typedef {import("./openapi.js").Schema} Schema */

const A_DAY = "2026-11-22T09:41:00.000Z";

/** @type {Record<string, any>} */
const KNOWN = {
  amount_minor: 24000,
  currency: "QAR",
  order: "A-17",
  label: "Amira",
  reference: "stmt-2026-11-22-17",
  code: "hQVDUFYwMWF…",
  payload: "hQVDUFYwMWF…",
  key: "till-0d9f6c2e",
  who: "amira",
  at: A_DAY,
  opened_at: A_DAY,
  issued_at: A_DAY,
  expires_at: A_DAY,
  valid_s: 60,
  merchant_name: "Pearl Lounge",
  text: "Lounge, 3 hours",
  channel: "terminal",
  place: "DOH-T1-B12",
  terminal: "till_b12",
  pot: "QAR",
  posted_minor: 100000,
  held_minor: 24000,
  available_minor: 76000,
  captured_minor: 24000,
  refunded_minor: 0,
  remaining_minor: 0,
  response_code: "51",
  reason: "insufficient_funds",
  available_change_minor: -24000,
  png: "data:image/png;base64,…",
  svg: "<svg …>",
};

const DEPTH_MAX = 8; // a schema that holds itself would never end

/**
 * @param {import("./openapi.js").Schemas} schemas
 * @param {Schema|undefined} schema
 * @param {{name?: string, depth?: number}} [where]
 * @returns {any}
 */
export function exampleOf(schemas, schema, { name = "", depth = 0 } = {}) {
  const { schema: here } = schemas.unwrapped(schema);
  if (here.type === "object" && depth < DEPTH_MAX) return objectOf(schemas, here, depth);
  if (name in KNOWN) return KNOWN[name];
  if (here.enum) return here.enum[0];
  if (here.const !== undefined) return here.const;
  if (here.default !== undefined) return here.default;
  if (here.type === "array" && depth < DEPTH_MAX) {
    return [exampleOf(schemas, here.items, { name: singular(name), depth: depth + 1 })];
  }
  return scalarOf(here);
}

/**
 * What is required; where nothing is, the first field, for there it is one of several.
 * @param {import("./openapi.js").Schemas} schemas @param {Schema} schema @param {number} depth
 */
function objectOf(schemas, schema, depth) {
  const properties = schema.properties ?? {};
  const names = schema.required ?? Object.keys(properties).slice(0, 1);
  const fields = names.map((/** @type {string} */ name) => [
    name,
    exampleOf(schemas, properties[name], { name, depth: depth + 1 }),
  ]);
  return Object.fromEntries(fields);
}

/** @param {Schema} schema */
function scalarOf(schema) {
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 0;
  if (schema.type === "boolean") return true;
  const prefix = /^\^([a-z]{3}_)/.exec(schema.pattern ?? "")?.[1];
  return prefix ? `${prefix}…` : "…";
}

/** @param {string} name */
function singular(name) {
  return name === "currencies" ? "currency" : name.replace(/s$/, "");
}
