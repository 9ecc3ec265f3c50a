/** What can be done with a graph, as fields and buttons. */

import { h } from "../shared/dom.js";

const COLOURS = { status: "conversion", state: "run state", verdict: "verdict" };

/**
 * Offer a text as a file.
 * @param {string} name
 * @param {string} text
 */
function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * @param {Model} model
 * @param {import("./camera.js").Camera} camera
 * @param {import("./search.js").Search} search
 * @param {ReturnType<typeof import("../shared/alert.js").alertOf>} alert
 */
export function toolbar(model, camera, search, alert) {
  /** @param {string} text @param {string} label @param {() => void} action */
  const button = (text, label, action) =>
    h("button", { type: "button", class: "wb-button", "aria-label": label, title: label, onclick: alert.guard(action) }, text);

  const options = Object.entries(COLOURS).map(([value, text]) => h("option", { value }, text));
  const colours = h("select", { class: "wb-select", "aria-label": "colour by", onchange: () => model.send({ do: "colour", by: colours.value }) }, ...options);
  const follow = () => (colours.value = model.get("colour_by"));
  model.on("change:colour_by", follow);
  follow();

  /** @param {string[]} groups */
  const collapse = (groups) => {
    model.set("collapsed", groups);
    model.save_changes();
  };
  const all = button("Collapse", "collapse all groups", () => collapse(model.get("_groups")));
  const none = button("Expand", "expand all groups", () => collapse([]));
  const groups = () => {
    const many = model.get("_groups").length;
    all.hidden = none.hidden = !many;
    all.disabled = model.get("collapsed").length >= many;
    none.disabled = !model.get("collapsed").length;
  };

  model.on("msg:custom", alert.guard((/** @type {any} */ message) => {
    if (message.kind === "svg") save(message.name, message.text);
  }));

  const el = h("div", { class: "wb-bar", role: "toolbar", "aria-label": "graph" },
    search.field, search.count,
    h("label", { class: "wb-colour" }, "Colour ", colours),
    h("span", { class: "wb-gap" }),
    all, none,
    button("\u2212", "zoom out (-)", () => camera.zoom(0.8)),
    button("+", "zoom in (+)", () => camera.zoom(1.25)),
    button("Fit", "show all (0)", () => camera.fit()),
    button("SVG", "save the drawing as SVG", () => model.send({ do: "svg" })));
  return { el, groups };
}
