/**
 * The graph of a workflow, made live: pan, zoom, fit, search, collapsed groups, colours, and one task from all sides.
 *
 * From Python: `_drawing` (the SVG, compressed), `_looks` (box -> look), `_key` and `_edge_key` (what looks mean), `_groups`, `_detail`
 * (the document of `migration.task`), `_said`. To Python: `selected`, `collapsed`, `colour_by`, and the messages {"do": "svg"} (answered by
 * {"kind": "svg", "name", "text"}) and {"do": "colour", "by"}.
 */

import { alertOf } from "../shared/alert.js";
import { h, styled } from "../shared/dom.js";
import alertStyle from "../shared/alert.css";
import { Camera } from "./camera.js";
import { Drawing, inflate } from "./drawing.js";
import { Rover } from "./keys.js";
import { legend } from "./legend.js";
import { pane } from "./pane.js";
import { Search } from "./search.js";
import style from "./style.css";
import { toolbar } from "./toolbar.js";

const MOST = 520; // pixels: the tallest stage that is not asked for

/** @type {Part} */
export const graph = {
  async render({ model, el }) {
    styled(style);
    styled(alertStyle);
    const alert = alertOf(model);
    const world = h("div", { class: "wb-world" });
    const hint = h("div", { class: "wb-hint", "aria-hidden": "true" }, "Ctrl + wheel zooms");
    const stage = h("div", { class: "wb-stage", role: "group" }, world, hint);
    const sheet = h("style");
    const key = h("ul", { class: "wb-legend", "aria-label": "legend" });
    const details = h("div", { class: "wb-details", "aria-live": "off" });
    const camera = new Camera(stage, world);
    const rover = new Rover(camera);
    const search = new Search((box) => (camera.show(box, true), rover.to(box, false)));
    const bar = toolbar(model, camera, search, alert);
    const root = h("div", { class: "wb-live", "data-lm-suppress-shortcuts": "true" }, bar.el, alert.el, stage, key, details, sheet);
    el.append(root);

    /** @type {Drawing | undefined} */
    let drawing;
    /** @type {{id: string, left: number, top: number, focus: boolean} | null} */
    let anchor = null; // what stays in its place while a group is collapsed or expanded

    /** @param {string} name @param {unknown} value */
    const put = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };

    function colour() {
      if (!drawing) return;
      const looks = model.get("_key");
      const rules = Object.values(looks).map(
        ({ slug, fill, line, dashed }) =>
          `.wb-live .wb-is-${CSS.escape(slug)}{--wb-fill:${fill};--wb-line:${line};--wb-dash:${dashed ? "5 3" : "none"}}`,
      );
      const text = rules.join("");
      if (sheet.textContent !== text) sheet.textContent = text;
      drawing.colour(model.get("_looks"), looks);
      key.replaceChildren(...legend(drawing, looks, model.get("_edge_key")));
    }

    function select() {
      const chosen = model.get("selected");
      world.querySelectorAll(".wb-selected,.wb-near").forEach((one) => one.classList.remove("wb-selected", "wb-near"));
      world.querySelectorAll("[aria-pressed=true]").forEach((one) => one.setAttribute("aria-pressed", "false"));
      const box = chosen ? drawing?.showing(chosen) : undefined;
      if (box && drawing) {
        box.el.classList.add("wb-selected");
        box.el.setAttribute("aria-pressed", "true");
        for (const arrow of drawing.arrows.get(box.id) ?? []) arrow.classList.add("wb-near");
      }
      detail();
    }

    function detail() {
      const chosen = model.get("selected");
      const task = model.get("_detail");
      if (!chosen) return details.replaceChildren();
      if (task.id !== chosen) {
        const waits = h("div", { class: "wb-waits" }, `Asking the kernel about ${chosen} ...`);
        return model.get("_said").kind === "error" ? details.replaceChildren() : details.replaceChildren(waits);
      }
      const shown = pane(task, model.get("_key"), { choose, close: () => choose("") });
      details.replaceChildren(shown.el);
      shown.open();
    }

    /** @param {string} id */
    function choose(id) {
      const back = drawing?.showing(id || model.get("selected"));
      put("selected", id);
      if (back && id) camera.show(back);
      if (back) rover.to(back, !id);
    }

    /** @param {string} group @param {boolean} fold @param {Element} at */
    function toggle(group, fold, at) {
      const [box, frame] = [at.getBoundingClientRect(), stage.getBoundingClientRect()];
      anchor = { id: group, left: box.left - frame.left, top: box.top - frame.top, focus: at === document.activeElement };
      const now = new Set(model.get("collapsed"));
      if (fold) now.add(group);
      else now.delete(group);
      put("collapsed", [...now]);
    }

    /** What a click or Enter on an element means. @param {Element | null} at */
    function act(at) {
      const fold = at?.closest(".wb-fold")?.closest(".wb-group");
      const box = at?.closest(".wb-task");
      if (fold instanceof SVGElement) toggle(fold.dataset.group ?? "", true, /** @type {Element} */ (at?.closest(".wb-fold")));
      else if (box instanceof SVGElement && box.dataset.folds) toggle(box.dataset.folds, false, box);
      else if (box instanceof SVGElement) choose(box.dataset.task ?? "");
    }

    let turns = 0;
    async function draw() {
      const turn = ++turns;
      const text = await inflate(model.get("_drawing"));
      if (turn !== turns) return; // another one came meanwhile
      const made = new Drawing(text);
      drawing = made;
      camera.size = made;
      colour();
      world.replaceChildren(made.svg);
      stage.style.height ||= `${Math.min(Math.max(made.height + 40, 180), MOST)}px`;
      stage.setAttribute("aria-label",
        `graph of ${model.get("workflow")}, ${made.boxes.size} boxes; arrow keys move between them, Enter shows one, plus, minus and 0 zoom`);
      const kept = anchor && (made.showing(anchor.id) ?? made.frames.find(({ id }) => id === anchor?.id));
      rover.set([...made.boxes.values(), ...made.frames], kept || made.showing(model.get("selected")));
      if (!camera.moved) camera.fit();
      else if (kept && anchor) camera.set(anchor.left - kept.x * camera.k, anchor.top - kept.y * camera.k);
      else camera.set(camera.x, camera.y);
      if (kept && anchor?.focus) rover.to(kept);
      anchor = null;
      search.in(made);
      bar.groups();
      select();
      root.dataset.drawn = String(made.boxes.size);
    }

    stage.addEventListener("click", alert.guard((event) => void (camera.dragged || act(/** @type {Element} */ (event.target)))));
    stage.addEventListener("dblclick", (event) => !(/** @type {Element} */ (event.target).closest(".wb-task,.wb-fold")) && camera.fit());
    stage.addEventListener("focusin", (event) => {
      const stop = rover.at(/** @type {Element} */ (event.target));
      if (stop && stop !== rover.here) rover.to(stop, false);
    });
    stage.addEventListener("keydown", alert.guard((event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" || event.key === " ") act(/** @type {Element} */ (event.target));
      else if (event.key === "Escape" && model.get("selected")) choose("");
      else if (event.key === "/") search.field.focus();
      else if (!rover.heard(event)) return;
      event.preventDefault();
      event.stopPropagation();
    }));
    details.addEventListener("keydown", (event) => void (event.key === "Escape" && choose("")));
    let fading = 0;
    stage.addEventListener("wb-hint", () => {
      hint.classList.add("wb-seen");
      clearTimeout(fading);
      fading = window.setTimeout(() => hint.classList.remove("wb-seen"), 900);
    });

    const redraw = alert.guard(draw);
    model.on("change:_drawing", redraw);
    model.on("change:_looks", alert.guard(colour));
    model.on("change:_key", alert.guard(colour));
    model.on("change:selected", alert.guard(select));
    model.on("change:_detail", alert.guard(detail));
    model.on("change:_said", alert.guard(detail));
    const resized = new ResizeObserver(() => (camera.moved ? camera.set(camera.x, camera.y) : camera.fit()));
    resized.observe(stage);
    await redraw();
    return () => resized.disconnect();
  },
};
