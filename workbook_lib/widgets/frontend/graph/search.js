/** Finding tasks by what their boxes say: id, operator, trigger rule, documentation; those inside of collapsed groups too. */

import { h } from "../shared/dom.js";

export class Search {
  /** @param {(box: import("./drawing.js").Box) => void} show */
  constructor(show) {
    this.show = show;
    this.at = -1;
    /** @type {import("./drawing.js").Box[]} */
    this.found = [];
    /** @type {import("./drawing.js").Drawing | undefined} */
    this.drawing = undefined;
    this.count = h("output", { class: "wb-count" });
    this.field = h("input", {
      type: "search", class: "wb-search", placeholder: "Search tasks", "aria-label": "search tasks", oninput: () => this.look(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1);
        else if (event.key === "Escape") {
          this.field.value = "";
          this.look();
        } else return;
        event.preventDefault();
      },
    });
  }

  /** @param {import("./drawing.js").Drawing} drawing */
  in(drawing) {
    this.drawing = drawing;
    this.look();
  }

  look() {
    const wanted = this.field.value.trim().toLowerCase();
    const boxes = [...(this.drawing?.boxes.values() ?? [])];
    this.found = wanted ? boxes.filter((box) => box.text.includes(wanted) || box.tasks.some((id) => id.toLowerCase().includes(wanted))) : [];
    const hits = new Set(this.found);
    for (const box of boxes) box.el.classList.toggle("wb-hit", hits.has(box));
    this.drawing?.svg.classList.toggle("wb-searching", wanted !== "");
    this.at = -1;
    this.say(wanted);
  }

  /** @param {number} step */
  next(step) {
    if (!this.found.length) return;
    this.at = (this.at + step + this.found.length) % this.found.length;
    if (this.at < 0) this.at += this.found.length;
    for (const box of this.found) box.el.classList.toggle("wb-here", box === this.found[this.at]);
    this.show(this.found[this.at]);
    this.say("x");
  }

  /** @param {string} wanted */
  say(wanted) {
    const many = this.found.length;
    this.count.textContent = !wanted ? "" : !many ? "none" : this.at < 0 ? `${many} found` : `${this.at + 1} of ${many}`;
  }
}
