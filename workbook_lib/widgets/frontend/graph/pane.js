/** All that is known of the selected task, as `migration.task(workflow, id)` tells it. */

import { h } from "../shared/dom.js";
import { side } from "./listing.js";

/** @param {unknown} value */
const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value) ?? "");

/**
 * @param {string} title
 * @param {string[]} heads
 * @param {(string | Node)[][]} rows
 */
function table(title, heads, rows) {
  if (!rows.length) return null;
  const head = h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, cell))));
  return h("details", { open: true }, h("summary", {}, `${title} (${rows.length})`), 
    h("div", { class: "wb-table" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body))));
}

/** @param {string} text */
const code = (text) => (text ? h("code", {}, text) : "");

/**
 * @param {any} task the document of a TaskView
 * @param {Record<string, import("./drawing.js").Look>} key
 * @param {{choose: (id: string) => void, close: () => void}} actions
 */
export function pane(task, key, { choose, close }) {
  const legacy = side("Legacy", task.legacy);
  const generated = side("Generated", task.generated, task.problem);

  /** @param {string} file @param {number | null} line */
  const place = (file, line) => {
    if (line === null || !file) return file || "";
    const text = `${file}:${line}`;
    const here = task.legacy.some((/** @type {any} */ one) => one.file === file);
    return here ? h("button", { type: "button", class: "wb-place", onclick: () => legacy.go(file, line) }, text) : text;
  };
  /** @param {string} what @param {string} name */
  const chip = (what, name) => (name ? h("span", { class: `wb-chip wb-is-${key[name]?.slug ?? "plain"}` }, `${what}: ${key[name]?.text ?? name}`) : null);
  /** @param {string} what @param {string[]} ids */
  const links = (what, ids) =>
    ids.length ? h("span", {}, `${what} `, ...ids.slice(0, 12).map((id) => h("button", { type: "button", class: "wb-place", onclick: () => choose(id) }, id)), ids.length > 12 ? ` and ${ids.length - 12} more` : "") : null;

  const args = task.arguments.map((/** @type {any} */ one) => [
    h("strong", {}, one.name),
    h("span", {}, code(one.written), one.bound_to ? h("span", {}, " is ", code(one.bound_to)) : null),
    one.value,
    place(one.file, one.line),
  ]);
  const findings = task.findings.map((/** @type {any} */ one) => [
    h("span", { class: `wb-severity wb-${one.severity}` }, one.severity),
    h("span", {}, one.message, one.advice ? h("em", {}, ` ${one.advice}`) : null),
    place((one.file ?? "").split("/").pop(), one.line),
  ]);
  const differences = task.differences.map((/** @type {any} */ one) => [
    one.aspect, one.scenario, one.verdict, code(plain(one.legacy)), code(plain(one.pilot)), one.reason,
  ]);
  const aspects = task.aspects.map((/** @type {any} */ one) => chip(one.aspect, one.verdict.replace(" ", "_")));

  const head = h("div", { class: "wb-pane-head" },
    h("h3", { tabindex: -1 }, task.id),
    h("span", { class: "wb-operator" }, task.operator.replace(/^_+/, ""), task.trigger_rule === "all_success" ? "" : `, ${task.trigger_rule.replaceAll("_", " ")}`),
    chip("conversion", task.status), chip("last run", task.state), chip("verdict", task.verdict),
    h("button", { type: "button", class: "wb-close", "aria-label": "close the details", title: "close (Esc)", onclick: close }, "\u00d7"));
  const el = h("div", { class: "wb-pane", role: "region", "aria-label": `task ${task.id}` },
    head,
    task.doc ? h("p", { class: "wb-doc" }, task.doc) : null,
    h("div", { class: "wb-links" }, links("after", task.upstream), links("before", task.downstream)),
    h("div", { class: "wb-sides" }, legacy.el, generated.el),
    table("Findings", ["", "what", "where"], findings),
    table("Arguments", ["name", "as written", "understood as", "where"], args),
    aspects.length ? h("div", { class: "wb-links" }, "compared: ", ...aspects) : null,
    table("Not equal", ["aspect", "scenario", "verdict", "legacy", "pilot", "why"], differences));
  return { el, open: () => [legacy.open(), generated.open()] };
}
