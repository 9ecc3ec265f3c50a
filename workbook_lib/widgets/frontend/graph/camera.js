/** Pan, zoom and fit: which part of a drawing a stage shows. */

const LARGEST = 4;
const FAR = 0.34; // below, letters are too small to be read and are left out

export class Camera {
  /**
   * @param {HTMLElement} stage the window
   * @param {HTMLElement} world what is moved
   */
  constructor(stage, world) {
    this.stage = stage;
    this.world = world;
    this.size = { width: 1, height: 1 };
    this.x = this.y = 0;
    this.k = 1;
    this.dragged = false; // the click that follows is none
    this.moved = false; // by the reader: a new drawing then stays where it is
    this.#listen();
  }

  /** @param {number} x @param {number} y @param {number} [k] */
  set(x, y, k = this.k) {
    const smallest = Math.min(this.#whole(), 1) * 0.5;
    this.k = Math.min(Math.max(k, smallest), LARGEST);
    const { width, height } = this.#window();
    const rest = 60; // of the drawing stays in sight
    this.x = Math.min(Math.max(x, rest - this.size.width * this.k), width - rest);
    this.y = Math.min(Math.max(y, rest - this.size.height * this.k), height - rest);
    this.world.style.transform = `translate(${this.x.toFixed(2)}px,${this.y.toFixed(2)}px) scale(${this.k.toFixed(4)})`;
    const far = this.k < FAR;
    this.world.classList.toggle("wb-far", far);
    const scale = far ? this.k.toFixed(3) : "1"; // lines and names of groups keep their size on the screen
    if (this.world.style.getPropertyValue("--wb-k") !== scale) this.world.style.setProperty("--wb-k", scale);
  }

  #window() {
    return { width: this.stage.clientWidth || 900, height: this.stage.clientHeight || 400 };
  }

  #whole() {
    const { width, height } = this.#window();
    return Math.min(width / this.size.width, height / this.size.height);
  }

  /** All of the drawing, in the middle. */
  fit() {
    const { width, height } = this.#window();
    this.k = Math.min(this.#whole(), 1.25);
    this.set((width - this.size.width * this.k) / 2, (height - this.size.height * this.k) / 2, this.k);
    this.moved = false;
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] where the drawing stays, in pixels of the stage */
  zoom(factor, x = this.#window().width / 2, y = this.#window().height / 2) {
    const before = this.k;
    const after = Math.min(Math.max(before * factor, Math.min(this.#whole(), 1) * 0.5), LARGEST);
    this.moved = true;
    this.set(x - ((x - this.x) * after) / before, y - ((y - this.y) * after) / before, after);
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.moved = true;
    this.set(this.x + dx, this.y + dy);
  }

  /**
   * Move only as far as needed for a box to be seen; `near` also zooms until it can be read.
   * @param {{x: number, y: number, w: number, h: number}} box
   * @param {boolean} [near]
   */
  show(box, near = false) {
    const { width, height } = this.#window();
    if (near && this.k < 0.6) {
      this.moved = true;
      this.set(width / 2 - (box.x + box.w / 2) * 0.9, height / 2 - (box.y + box.h / 2) * 0.9, 0.9);
      return;
    }
    const margin = 24;
    const left = this.x + box.x * this.k;
    const top = this.y + box.y * this.k;
    const dx = Math.max(margin - left, 0) || Math.min(width - margin - left - box.w * this.k, 0);
    const dy = Math.max(margin - top, 0) || Math.min(height - margin - top - box.h * this.k, 0);
    if (dx || dy) this.pan(dx, dy);
  }

  #listen() {
    const stage = this.stage;
    /** @type {{id: number, x: number, y: number, held: boolean} | null} */
    let drag = null;
    stage.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      if (event.button === 0) drag = { id: event.pointerId, x: event.clientX, y: event.clientY, held: false };
    });
    stage.addEventListener("pointermove", (event) => {
      if (!drag || event.pointerId !== drag.id) return;
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.held && Math.hypot(dx, dy) < 4) return;
      if (!drag.held) stage.setPointerCapture(event.pointerId);
      Object.assign(drag, { x: event.clientX, y: event.clientY, held: true });
      stage.classList.add("wb-dragging");
      this.dragged = true;
      this.pan(dx, dy);
    });
    const end = () => {
      drag = null;
      stage.classList.remove("wb-dragging");
    };
    stage.addEventListener("pointerup", end);
    stage.addEventListener("pointercancel", end);
    stage.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) {
          stage.dispatchEvent(new CustomEvent("wb-hint"));
          return; // the page scrolls
        }
        event.preventDefault();
        const frame = stage.getBoundingClientRect();
        this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0022)), event.clientX - frame.left, event.clientY - frame.top);
      },
      { passive: false },
    );
  }
}
