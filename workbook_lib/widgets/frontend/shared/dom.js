/** Making elements. Text of the user's is only ever set as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes and children; strings among the children become text. An attribute that is a function is a listener
 * ("onclick"), null and false leave it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  dress(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/**
 * An element of a drawing.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function s(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  dress(made, attributes);
  made.append(...children);
  return /** @type {SVGElement} */ (made);
}

/**
 * @param {Element} element
 * @param {Record<string, unknown>} attributes
 */
function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * Put a style sheet into the page, once however many widgets ask for it.
 * @param {string} text
 */
export function styled(text) {
  const known = [...document.head.querySelectorAll("style[data-workbook]")].some((sheet) => sheet.textContent === text);
  if (!known) document.head.append(h("style", { "data-workbook": "" }, text));
}
