/** What the colours, marks and lines mean, and how often each occurs. */

import { h, s } from "../shared/dom.js";

const EDGES = /** @type {Record<string, string>} */ ({ choice: "6 3", missing: "2 3", extra: "9 2 2 2" });

/** @param {import("./drawing.js").Look} look */
function sample(look) {
  const mark = s("path", { class: look.filled ? "wb-m wb-filled" : "wb-m", d: look.mark, transform: "translate(9 8)" });
  const box = s("rect", { class: "wb-box", x: 1, y: 1, width: 16, height: 14, rx: 3 });
  return s("svg", { width: 18, height: 16, "aria-hidden": "true", class: "wb-sample" }, s("g", { class: `wb-task wb-is-${look.slug}` }, box, mark));
}

/** @param {string} name */
function line(name) {
  const path = s("path", { d: "M0 8H22", "stroke-dasharray": EDGES[name] });
  return s("svg", { width: 24, height: 16, "aria-hidden": "true", class: "wb-sample" }, s("g", { class: `wb-edge wb-edge-${name}` }, path));
}

/**
 * @param {import("./drawing.js").Drawing} drawing
 * @param {Record<string, import("./drawing.js").Look>} key
 * @param {Record<string, string>} edges what the looks of arrows mean
 */
export function legend(drawing, key, edges) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const box of drawing.boxes.values()) counts.set(box.look, (counts.get(box.look) ?? 0) + 1);
  const looks = Object.entries(key).filter(([name]) => counts.has(name));
  const entries = looks.map(([name, look]) => h("li", {}, sample(look), `${look.text} (${counts.get(name)})`));
  const lines = Object.keys(EDGES).filter((name) => drawing.svg.querySelector(`.wb-edge-${name}`));
  return [...entries, ...lines.map((name) => h("li", {}, line(name), edges[name] ?? name))];
}
