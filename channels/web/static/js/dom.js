/**
 * DOM by hand. Data only ever becomes text or an attribute's value, never markup: there is
 * no way through here for a merchant's name to turn into an element.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] `text`, `on` (listeners by event) or attributes;
 *   true writes an empty attribute, and what is null, undefined or false is left out
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  return /** @type {HTMLElement} */ (build(document.createElement(tag), props, children));
}

/**
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Node|string|null)} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  return /** @type {SVGElement} */ (build(document.createElementNS(SVG, tag), props, children));
}

/** @param {Element} node @param {Record<string, any>} props @param {any[]} children */
function build(node, props, children) {
  const { text, on, ...attributes } = props;
  if (text !== undefined) node.textContent = text;
  for (const [event, listener] of Object.entries(on ?? {})) {
    node.addEventListener(event, listener);
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, String(value));
    }
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * The element that the page promises to have.
 * @param {string} id
 * @returns {any} an HTMLElement; the caller knows which
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`the page has no element #${id}`);
  return node;
}

/** Show one child of a stage and hide its siblings. @param {HTMLElement} shown */
export function showOnly(shown) {
  for (const sibling of shown.parentElement?.children ?? []) {
    /** @type {HTMLElement} */ (sibling).hidden = sibling !== shown;
  }
}
