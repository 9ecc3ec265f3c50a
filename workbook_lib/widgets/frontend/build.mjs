/**
 * Bundles every folder here that has an index.js into ../static/<folder>.js, with two files beside it: <folder>.json says what it was
 * made from (the tests see from it that a bundle is stale), <folder>.licences.txt holds the notices of the packages in it. `--watch`
 * does so again after each change.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, watch, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "..", "static");
const tools = ["build.mjs"];

const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/** Style sheets are text, without spaces. */
const styles = {
  name: "styles",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async (file) => {
      const { code } = await esbuild.transform(readFileSync(file.path), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** Folder of a package in node_modules -> its package.json. */
function packages(inputs) {
  const folders = new Set(inputs.map((name) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1]).filter(Boolean));
  return [...folders].sort().map((folder) => ({ folder, about: JSON.parse(readFileSync(path.join(here, folder, "package.json"), "utf8")) }));
}

function notices(found) {
  const parts = found.map(({ folder, about }) => {
    const file = readdirSync(path.join(here, folder)).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${folder} has no licence file`);
    return `${about.name} ${about.version} (${about.license})\n\n${readFileSync(path.join(here, folder, file), "utf8").trim()}\n`;
  });
  return parts.length ? parts.join(`\n${"-".repeat(80)}\n\n`) : "No packages of others are in this bundle.\n";
}

async function bundle(name, entry) {
  const made = await esbuild.build({
    absWorkingDir: here, entryPoints: [entry], outfile: path.join(out, `${name}.js`), write: false, metafile: true,
    bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8", legalComments: "none", plugins: [styles],
  });
  const inputs = Object.keys(made.metafile.inputs).map((file) => file.replace(/^[^:]*:/, "")).sort();
  const own = [...inputs.filter((file) => !file.startsWith("node_modules/")), ...tools];
  const found = packages(inputs.filter((file) => file.startsWith("node_modules/")));
  const text = made.outputFiles[0].text;
  const about = {
    bundle: sha256(text),
    sources: Object.fromEntries(own.map((file) => [file, sha256(readFileSync(path.join(here, file)))])),
    packages: Object.fromEntries([...found.map(({ folder, about }) => [folder, about.version]), ["node_modules/esbuild", esbuild.version]]),
  };
  const files = { js: text, json: `${JSON.stringify(about, null, 2)}\n`, "licences.txt": notices(found) };
  for (const [kind, content] of Object.entries(files)) {
    const target = path.join(out, `${name}.${kind}`);
    if (!existsSync(target) || readFileSync(target, "utf8") !== content) writeFileSync(target, content);
  }
  console.log(`${name}.js: ${Math.ceil(text.length / 1024)} KB of ${inputs.length} modules, ${found.length} packages`);
}

async function all() {
  const folders = readdirSync(here).filter((name) => existsSync(path.join(here, name, "index.js")));
  await bundle("loader", "loader.js");
  for (const name of folders) await bundle(name, path.join(name, "index.js"));
}

await all();
if (process.argv.includes("--watch")) {
  let timer;
  watch(here, { recursive: true }, (_, file) => {
    if (file?.startsWith("node_modules")) return;
    clearTimeout(timer);
    timer = setTimeout(() => all().catch((error) => console.error(error.message)), 100);
  });
}
