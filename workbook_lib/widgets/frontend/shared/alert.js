/** Where a widget says what went wrong: in place, as `_alert.py` does for widgets without a program of their own. */

import { h } from "./dom.js";

const MARKS = /** @type {Record<string, string>} */ ({ error: "\u2715", good: "\u2713", note: "\u2022" });

/**
 * One line of text in a frame that follows the trait `_said` ({kind, text, more}); empty while there is nothing to say.
 * @param {Model} model
 */
export function alertOf(model) {
  const el = h("div", { class: "wb-alert", "aria-live": "polite" });

  /** @param {{kind: string, text: string, more?: string}} said */
  function show({ kind, text, more }) {
    const details = more ? h("details", {}, h("summary", {}, "details"), h("pre", {}, more)) : null;
    const frame = h("div", { class: `wb-alert-${kind}` }, `${MARKS[kind] ?? ""} ${text}`, details);
    el.replaceChildren(...(text ? [frame] : []));
  }

  /**
   * Run a callback; what it throws is shown here.
   * @template {unknown[]} G
   * @param {(...given: G) => unknown} action
   * @returns {(...given: G) => Promise<void>}
   */
  function guard(action) {
    return async (...given) => {
      try {
        await action(...given);
      } catch (error) {
        console.error(error);
        show({ kind: "error", text: String(error), more: error instanceof Error ? error.stack : "" });
      }
    };
  }

  const follow = () => show(model.get("_said"));
  model.on("change:_said", follow);
  follow();
  return { el, show, guard };
}
