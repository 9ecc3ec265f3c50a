/** Going about a drawing by keyboard: Tab comes in, arrows go to the next box, Enter chooses. */

/** @typedef {{el: SVGElement, x: number, y: number, w: number, h: number}} Stop */

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/**
 * The nearest box in a direction; what lies aside counts double.
 * @template {Stop} T
 * @param {T} from
 * @param {T[]} all
 * @param {[number, number]} way
 * @returns {T | undefined}
 */
export function nearest(from, all, [wx, wy]) {
  const middle = (/** @type {Stop} */ box) => [box.x + box.w / 2, box.y + box.h / 2];
  const [x, y] = middle(from);
  let best;
  let least = Infinity;
  for (const other of all) {
    const [dx, dy] = [middle(other)[0] - x, middle(other)[1] - y];
    const ahead = dx * wx + dy * wy;
    const aside = Math.abs(dx * wy) + Math.abs(dy * wx);
    if (other === from || ahead <= 1 || aside > ahead * 4) continue;
    const cost = ahead + 2 * aside;
    if (cost < least) [best, least] = [other, cost];
  }
  return best;
}

/** One stop among many can be reached by Tab: the one that was visited last. */
export class Rover {
  /** @param {import("./camera.js").Camera} camera */
  constructor(camera) {
    this.camera = camera;
    /** @type {Stop[]} */
    this.stops = [];
    /** @type {Stop | undefined} */
    this.here = undefined;
  }

  /** @param {Stop[]} stops @param {Stop} [here] */
  set(stops, here) {
    this.stops = stops;
    this.to(here ?? stops[0], false);
  }

  /** @param {Stop | undefined} stop @param {boolean} [focus] */
  to(stop, focus = true) {
    if (!stop) return;
    this.here?.el.setAttribute("tabindex", "-1");
    stop.el.setAttribute("tabindex", "0");
    this.here = stop;
    if (!focus) return;
    stop.el.focus({ preventScroll: true });
    this.camera.show(stop);
  }

  /** @param {Element} el */
  at(el) {
    return this.stops.find((stop) => stop.el === el);
  }

  /** Whether the key was for moving about. @param {KeyboardEvent} event */
  heard(event) {
    const way = WAYS[event.key];
    if (way && event.shiftKey) this.camera.pan(-60 * way[0], -60 * way[1]);
    else if (way && this.here) this.to(nearest(this.here, this.stops, way));
    else if (event.key === "Home") this.to(this.stops[0]);
    else if (event.key === "End") this.to(this.stops[this.stops.length - 1]);
    else if (event.key === "+" || event.key === "=") this.camera.zoom(1.25);
    else if (event.key === "-") this.camera.zoom(0.8);
    else if (event.key === "0") this.camera.fit();
    else return false;
    return true;
  }
}
