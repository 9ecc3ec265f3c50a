/** The drawing that Python made, as elements of the page: boxes and arrows that can be found, coloured and marked. */

import { s } from "../shared/dom.js";

/**
 * A task, or a collapsed group (`folds`) with its `tasks`; places are in pixels of the drawing.
 * @typedef {{el: SVGElement, id: string, folds: string, tasks: string[], x: number, y: number, w: number, h: number,
 *   look: string, said: string[], text: string}} Box
 * @typedef {{el: SVGElement, id: string, x: number, y: number, w: number, h: number}} Frame
 * @typedef {{slug: string, fill: string, line: string, mark: string, filled: boolean, text: string, dashed: boolean}} Look
 */

/**
 * What Python compressed.
 * @param {DataView} data
 */
export async function inflate(data) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return await new Response(stream).text();
}

/** @param {Element} el @param {string} name */
const number = (el, name) => Number(el.getAttribute(name));

export class Drawing {
  /** @param {string} text */
  constructor(text) {
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (parsed.nodeName !== "svg") throw new Error("the drawing is not SVG");
    this.svg = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.importNode(parsed, true)));
    this.svg.setAttribute("focusable", "false");
    this.width = number(this.svg, "width");
    this.height = number(this.svg, "height");
    const shift = /translate\(([\d.]+) ([\d.]+)\)/.exec(this.svg.firstElementChild?.getAttribute("transform") ?? "");
    this.shift = shift ? [Number(shift[1]), Number(shift[2])] : [0, 0];
    /** @type {Map<string, Box>} */
    this.boxes = new Map();
    for (const el of /** @type {NodeListOf<SVGElement>} */ (this.svg.querySelectorAll(".wb-task"))) this.#box(el);
    /** @type {Frame[]} */
    this.frames = [...this.svg.querySelectorAll(".wb-group")].map((el) => this.#frame(/** @type {SVGElement} */ (el)));
    /** @type {Map<string, Element[]>} */
    this.arrows = new Map();
    const arrows = /** @type {NodeListOf<SVGElement>} */ (this.svg.querySelectorAll(".wb-edge"));
    this.svg.classList.toggle("wb-many", arrows.length > 150);
    for (const el of arrows) {
      for (const end of [el.dataset.source ?? "", el.dataset.target ?? ""]) {
        const known = this.arrows.get(end);
        if (known) known.push(el);
        else this.arrows.set(end, [el]);
      }
    }
  }

  /** @param {SVGElement} el */
  #box(el) {
    const rect = /** @type {Element} */ (el.querySelector(":scope > .wb-box:last-of-type"));
    const { task, folds = "", node, tasks } = el.dataset;
    const id = task ?? node ?? "";
    const said = (el.firstElementChild?.textContent ?? id).split("\n");
    const [dx, dy] = this.shift;
    const place = { x: number(rect, "x") + dx, y: number(rect, "y") + dy, w: number(rect, "width"), h: number(rect, "height") };
    this.boxes.set(id, { el, id, folds, tasks: tasks ? JSON.parse(tasks) : [id], ...place, look: "plain", said, text: said.join("\n").toLowerCase() });
    el.setAttribute("role", "button");
    el.setAttribute("tabindex", "-1");
    el.setAttribute("aria-label", said.join(", "));
  }

  /** @param {SVGElement} el @returns {Frame} */
  #frame(el) {
    const rect = /** @type {Element} */ (el.querySelector(":scope > rect:last-of-type"));
    const label = /** @type {Element} */ (el.querySelector(":scope > text"));
    const [x, y] = [number(rect, "x"), number(rect, "y")];
    const id = el.dataset.group ?? "";
    const name = label.textContent ?? "";
    const button = s("g", { class: "wb-fold", role: "button", tabindex: "-1", "aria-label": `collapse the group ${id}`, "aria-expanded": "true" });
    label.replaceWith(button);
    label.setAttribute("x", String(x + 24));
    const back = s("rect", { class: "wb-fold-back", x: x + 3, y: y + 3, width: 30 + name.length * 6.6, height: 17, rx: 4 });
    const sign = s("path", { class: "wb-sign", d: "M-4.5 -4.5H4.5V4.5H-4.5ZM-2.5 0H2.5", transform: `translate(${x + 13} ${y + 11.5})` });
    button.append(back, sign, label);
    return { el: /** @type {SVGElement} */ (button), id, x: x + this.shift[0], y: y + this.shift[1], w: number(rect, "width"), h: number(rect, "height") };
  }

  /**
   * Give every box its look; only those that changed are touched.
   * @param {Record<string, string>} looks box id -> name of a look
   * @param {Record<string, Look>} key
   */
  colour(looks, key) {
    for (const box of this.boxes.values()) {
      const name = looks[box.id] ?? "plain";
      if (name === box.look || !key[name]) continue;
      box.el.classList.replace(`wb-is-${key[box.look]?.slug ?? box.look}`, `wb-is-${key[name].slug}`);
      box.look = name;
      const said = box.said.map((line, i) => (i === 1 && name !== "plain" ? `${line}, ${key[name].text}` : line));
      box.el.setAttribute("aria-label", said.join(", "));
      if (box.el.firstElementChild) box.el.firstElementChild.textContent = said.join("\n");
      this.#mark(box, key[name]);
    }
  }

  /** @param {Box} box @param {Look} look */
  #mark(box, look) {
    let mark = box.el.querySelector(":scope > .wb-m");
    if (!mark) {
      const [dx, dy] = this.shift;
      mark = s("path", { transform: `translate(${box.x - dx + 14} ${box.y - dy + box.h / 2})` });
      box.el.append(mark);
    }
    mark.setAttribute("class", look.filled ? "wb-m wb-filled" : "wb-m");
    mark.setAttribute("d", look.mark);
  }

  /** The box that shows a task: its own, or that of a collapsed group. @param {string} task */
  showing(task) {
    return this.boxes.get(task) ?? [...this.boxes.values()].find((box) => box.tasks.includes(task));
  }
}
