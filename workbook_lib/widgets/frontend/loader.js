/**
 * The only program that is stored with every widget: it takes the widget's own from the one model that holds its bundle for all widgets
 * of a kernel, so that two widgets do not store it twice. Each bundle becomes a module once a page.
 */

const kept = /** @type {Record<symbol, Map<string, Promise<Record<string, Part>>>>} */ (/** @type {unknown} */ (globalThis));
/** @type {Map<string, Promise<Record<string, Part>>>} */
const modules = (kept[Symbol.for("prefect-migration-workbook")] ??= new Map());

/**
 * The model that holds the bundle; while a page restores its widgets it may come after those that need it.
 * @param {Model} model
 */
async function holder(model) {
  const id = model.get("_bundle").slice("IPY_MODEL_".length);
  for (let tries = 0; ; tries++) {
    try {
      return await model.widget_manager.get_model(id);
    } catch (error) {
      if (tries === 40) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/**
 * @param {Model} model
 * @returns {Promise<Part>}
 */
async function part(model) {
  const bundle = await holder(model);
  const digest = bundle.get("digest");
  if (!modules.has(digest)) {
    const address = URL.createObjectURL(new Blob([bundle.get("source")], { type: "text/javascript" }));
    modules.set(digest, import(address));
  }
  const found = await /** @type {Promise<Record<string, Part>>} */ (modules.get(digest));
  return found[model.get("_part")];
}

/** @type {Part} */
export default {
  async render(context) {
    try {
      return await (await part(context.model)).render(context);
    } catch (error) {
      context.el.setAttribute("role", "alert");
      context.el.textContent = `This widget could not be shown: ${error}. Run its cell again.`;
      console.error(error);
    }
  },
};
