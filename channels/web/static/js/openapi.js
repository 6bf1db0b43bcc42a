/** An OpenAPI 3.1 document as a list of calls, with its references followed. */

/** @typedef {Record<string, any>} Schema */
/** @typedef {{method: string, path: string, group: string, id: string, operation: any}} Call */

const METHODS = ["get", "post", "put", "patch", "delete"];

/** @param {any} document @returns {Call[]} in the document's order */
export function callsOf(document) {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      method: method.toUpperCase(),
      path,
      group: item[method].tags?.[0] ?? path.split("/")[2] ?? "",
      id: item[method].operationId ?? `${method}-${path}`,
      operation: item[method],
    })),
  );
}

export class Schemas {
  /** @param {any} document */
  constructor(document) {
    this.document = document;
  }

  /**
   * Follow references until there is a schema; what stands beside a reference counts too.
   * @param {Schema|undefined} schema @returns {Schema}
   */
  at(schema) {
    let here = schema ?? {};
    while (here.$ref) {
      const { $ref, ...beside } = here;
      here = { ...this.#named($ref), ...beside };
    }
    return here;
  }

  /** @param {string} reference like "#/components/schemas/Amount" @returns {Schema} */
  #named(reference) {
    let node = this.document;
    for (const step of reference.split("/").slice(1)) node = node?.[step];
    return node ?? {};
  }

  /**
   * What it is when it is not null, and whether it may be null.
   * @param {Schema|undefined} schema @returns {{schema: Schema, nullable: boolean}}
   */
  unwrapped(schema) {
    const here = this.at(schema);
    const options = here.anyOf ?? here.oneOf ?? [];
    const real = options.filter((/** @type {Schema} */ option) => option.type !== "null");
    if (real.length !== 1) return { schema: here, nullable: false };
    return { schema: this.at(real[0]), nullable: real.length < options.length };
  }
}

/** The JSON of a body or an answer, whatever its media type. @param {any} holder */
export function contentSchema(holder) {
  const content = Object.values(holder?.content ?? {});
  return content.length ? content[0].schema : undefined;
}
