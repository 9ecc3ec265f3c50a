/** Source text with line numbers, the lines of a task marked. */

import { h } from "../shared/dom.js";
import { lines } from "../shared/python.js";

/**
 * @typedef {{first: number, last: number, what: string}} Mark
 * @typedef {{file: string, text: string, start: number, marks: Mark[]}} Piece
 */

/** @param {Piece} piece */
function sheet(piece) {
  const marked = new Set(piece.marks.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)));
  const rows = lines(piece.text).map((tokens, i) => {
    const line = piece.start + i;
    const parts = tokens.map(([kind, text]) => (kind === "rest" || kind === "name" ? text : h("span", { class: `wb-${kind}` }, text)));
    return h("div", { class: marked.has(line) ? "wb-line wb-marked" : "wb-line", "data-line": line }, ...parts, "\u200b");
  });
  return h("div", { class: "wb-sheet", tabindex: 0, role: "region", "aria-label": `${piece.file}, text` }, ...rows);
}

/**
 * One side of the comparison: the pieces of its files, a button for each place; `go` shows a place.
 * @param {string} title
 * @param {Piece[]} pieces
 * @param {string} [problem]
 */
export function side(title, pieces, problem) {
  const name = h("span", { class: "wb-file" });
  const body = h("div", { class: "wb-body" });
  /** @type {Map<string, HTMLElement>} */
  const sheets = new Map();

  /**
   * Show a line; whether it is here.
   * @param {string} file
   * @param {number} line
   */
  function go(file, line) {
    const piece = pieces.find((one) => one.file === file);
    const last = piece ? piece.start + piece.text.split("\n").length - 1 : 0;
    if (!piece || line < piece.start || line > last) return false;
    const made = sheets.get(file) ?? sheet(piece);
    sheets.set(file, made);
    if (body.firstElementChild !== made) body.replaceChildren(made);
    name.textContent = file;
    const row = /** @type {HTMLElement | undefined} */ (made.children[line - piece.start]);
    made.scrollTop = Math.max((row?.offsetTop ?? 0) - 44, 0);
    row?.animate?.([{ outline: "2px solid var(--wb-brand)" }, { outline: "2px solid transparent" }], 900);
    return true;
  }

  const places = pieces.flatMap((piece) =>
    piece.marks.map((mark) =>
      h("button", { type: "button", class: "wb-place", onclick: () => go(piece.file, mark.first), title: `${piece.file}, line ${mark.first}` },
        `${mark.what} `, h("span", { class: "wb-at" }, `${pieces.length > 1 ? piece.file.split("/").pop() : ""}:${mark.first}`)),
    ),
  );
  const head = h("div", { class: "wb-side-head" }, h("strong", {}, title), name, h("span", { class: "wb-places" }, ...places));
  const el = h("section", { class: "wb-side", "aria-label": title }, head, problem ? h("div", { class: "wb-problem" }, problem) : null, body);
  if (!pieces.length && !problem) body.append(h("div", { class: "wb-problem" }, "No source line is known."));
  const first = pieces[0]?.marks[0];
  const open = () => void (first && go(pieces[0].file, first.first));
  return { el, go, open };
}
