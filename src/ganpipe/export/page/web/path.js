// The path between two samples: chosen by buttons, or by dragging from one to the other.

import { element, make, playing } from "./choices.js";
import { newest } from "./engine.js";
import { canvasFor, grid, save, show } from "./pictures.js";
import { between } from "./points.js";

const STEPS = 9; // pictures of the strip, ends included
const FAR = 8; // pixels from which on a press is a drag

export class Path {
  constructor(network, samples, { name, say }) {
    Object.assign(this, { network, samples, name, say });
    this.ends = [samples.point(0), samples.point(1)];
    this.names = ["1", "2"];
    this.redrawStrip = newest(() => this.#drawStrip());
    this.redraw = newest(() => this.#draw());
    this.#fill();
    this.#listen();
    listenForDrags(element("grid"), (from, to) => this.connect(from, to));
  }

  get share() {
    return Number(element("path").value);
  }

  /** Take two samples of the grid as the ends. */
  async connect(from, to) {
    [from, to].forEach((index, end) => this.#set(end, index));
    await this.redrawStrip();
    this.say(`A path from sample ${from + 1} to sample ${to + 1}`);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element("path-section").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
  }

  #set(end, index) {
    this.ends[end] = this.samples.point(index);
    this.names[end] = String(index + 1);
  }

  #fill() {
    const size = this.network.about.image;
    this.canvases = Array.from({ length: STEPS }, () => canvasFor(size));
    const buttons = this.canvases.map((canvas, step) => {
      const percent = Math.round((100 * step) / (STEPS - 1));
      const button = make("button", { type: "button", className: "step" }, canvas);
      button.setAttribute("aria-label", `Show ${percent} % of the way`);
      button.addEventListener("click", () => {
        element("path").value = String(step / (STEPS - 1));
        this.redraw();
      });
      return button;
    });
    element("strip").replaceChildren(...buttons);
  }

  #listen() {
    element("path").addEventListener("input", () => this.redraw());
    for (const [end, id] of ["path-start", "path-end"].entries()) {
      element(id).addEventListener("click", () => {
        this.#set(end, this.samples.index);
        this.redrawStrip();
        this.say(`The path ${end ? "ends" : "starts"} at sample ${this.samples.index + 1}`);
      });
    }
    playing(element("play-path"), element("path"), { milliseconds: 60, back: true });
    element("save-path").addEventListener("click", () => {
      save(grid(this.images, STEPS), `${this.name}_path`);
    });
  }

  #point(share) {
    return between(this.network.about, ...this.ends, share);
  }

  async #drawStrip() {
    const shares = this.canvases.map((_, step) => step / (STEPS - 1));
    this.images = await this.network.draw(shares.map((share) => this.#point(share)));
    this.images.forEach((image, step) => show(this.canvases[step], image));
    await this.redraw();
  }

  async #draw() {
    const [image] = await this.network.draw([this.#point(this.share)]);
    const percent = `${Math.round(100 * this.share)} %`;
    const words = `${percent} of the way from sample ${this.names[0]} to sample ${this.names[1]}`;
    show(element("on-path"), image);
    element("on-path").setAttribute("aria-label", words);
    element("path").setAttribute("aria-valuetext", words);
    element("path-name").textContent = words;
  }
}

/** Call `connect` with the indices of two tiles when the mouse or a pen draws a line between them.
 * A finger scrolls the page instead; it has the buttons. */
function listenForDrags(tiles, connect) {
  const line = element("thread");
  let start = null;
  const tileAt = (event) => {
    const tile = document.elementFromPoint(event.clientX, event.clientY)?.closest("#grid label");
    return tile ? Array.from(tiles.children).indexOf(tile) : -1;
  };
  const end = () => {
    start = null;
    line.setAttribute("visibility", "hidden");
  };
  tiles.addEventListener("pointerdown", (event) => {
    const index = tileAt(event);
    if (event.pointerType === "touch" || index < 0) return;
    start = { index, x: event.clientX, y: event.clientY };
    event.preventDefault(); // no selection of text; the click still comes
  });
  addEventListener("pointermove", (event) => {
    if (!start || Math.hypot(event.clientX - start.x, event.clientY - start.y) < FAR) return;
    const box = tiles.getBoundingClientRect();
    const ends = { x1: start.x, y1: start.y, x2: event.clientX, y2: event.clientY };
    for (const [name, value] of Object.entries(ends)) {
      line.firstElementChild.setAttribute(name, String(value - (name[0] === "x" ? box.x : box.y)));
    }
    line.setAttribute("visibility", "visible");
  });
  addEventListener("pointerup", (event) => {
    if (!start) return;
    const [from, to] = [start.index, tileAt(event)];
    end();
    if (to >= 0 && to !== from) connect(from, to);
  });
  addEventListener("pointercancel", end);
}
