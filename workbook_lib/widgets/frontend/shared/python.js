/** Python in colours: tokens as [kind, text], told apart well enough to read by; nothing is left out. */

const WORDS = [
  "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not",
  "or pass raise return try while with yield None True False match case",
];
const KEYWORDS = new Set(WORDS.join(" ").split(" "));
const TOKEN =
  /(?<comment>#[^\n]*)|(?<string>[rbfuRBFU]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?<name>[^\W\d]\w*)|(?<number>\d[\w.]*)|(?<decorator>@[\w.]+)|(?<rest>[^\S\n]+|\n|.)/gsu;

/**
 * @param {string} text
 * @returns {Generator<[string, string]>}
 */
export function* tokens(text) {
  for (const found of text.matchAll(TOKEN)) {
    const [kind] = Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined) ?? ["rest"];
    yield [kind === "name" && KEYWORDS.has(found[0]) ? "keyword" : kind, found[0]];
  }
}

/**
 * Lines, each a list of tokens; one that spans lines is cut.
 * @param {string} text
 * @returns {[string, string][][]}
 */
export function lines(text) {
  /** @type {[string, string][][]} */
  const made = [[]];
  for (const [kind, token] of tokens(text)) {
    token.split("\n").forEach((part, i) => {
      if (i) made.push([]);
      if (part) made[made.length - 1].push([kind, part]);
    });
  }
  return made;
}
