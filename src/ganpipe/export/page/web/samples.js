// New samples: a grid of a seed, of which one is chosen, looked at and changed.

import { choice, choose, chosen, element, make } from "./choices.js";
import { newest } from "./engine.js";
import { canvasFor, grid, save, show } from "./pictures.js";
import { drawPoints, moved, withValues } from "./points.js";

const LONGEST_SEED = 15; // digits: safe integers
const COLUMNS = 8; // of a saved grid

export class Samples {
  /** `say` tells those who do not see the page; `remember` keeps the state in the address. */
  constructor(network, { name, count, say, remember }) {
    Object.assign(this, { network, name, count, say, remember });
    this.about = network.about;
    this.images = [];
    this.redrawAll = newest(() => this.#drawAll());
    this.redrawChosen = newest(() => this.#drawChosen());
    this.#fill();
    this.#listen();
  }

  /** The point of a sample as it is shown. */
  point(index) {
    const changes = { label: this.label, truncation: this.truncation };
    const base = withValues(this.base[index], changes);
    const moves = this.everyOne || index === this.index;
    return moves ? moved(base, this.about.directions, this.amounts) : base;
  }

  get seed() {
    const text = element("seed").value.trim();
    return /^\d+$/.test(text) && text.length <= LONGEST_SEED ? Number(text) : null;
  }

  get index() {
    return Number(chosen(element("grid")));
  }

  get label() {
    const value = element("classes") && chosen(element("classes"));
    return value ? Number(value) : undefined;
  }

  get truncation() {
    return element("truncation") ? Number(element("truncation").value) : undefined;
  }

  get everyOne() {
    return element("every-one")?.checked ?? false;
  }

  get #sliders() {
    return Array.from(document.querySelectorAll("#directions input[type=range]"));
  }

  get amounts() {
    return this.#sliders.map((slider) => Number(slider.value));
  }

  /** What the address keeps of it. */
  get state() {
    const amounts = this.amounts;
    return {
      seed: this.seed,
      class: this.label === undefined ? undefined : this.about.inputs.label.classes[this.label],
      truncation: this.truncation === 1 ? undefined : this.truncation,
      sample: this.index || undefined,
      move: amounts.some((amount) => amount) ? amounts.join(",") : undefined,
      every: this.everyOne ? 1 : undefined,
    };
  }

  /** Take up what an address kept; what it does not name is as at the start. */
  async restore(state) {
    element("seed").value = /^\d{1,15}$/.test(state.seed ?? "") ? state.seed : "0";
    choose(element("grid"), state.sample ?? "0");
    if (element("classes")) {
      const place = this.about.inputs.label.classes.indexOf(state.class);
      choose(element("classes"), place < 0 ? "" : String(place));
    }
    if (element("truncation")) element("truncation").value = state.truncation ?? 1;
    const amounts = (state.move ?? "").split(",");
    this.#sliders.forEach((slider, which) => (slider.value = Number(amounts[which]) || 0));
    if (element("every-one")) element("every-one").checked = Boolean(state.every);
    await this.#newSeed();
  }

  #fill() {
    const size = { width: this.about.image.width, height: this.about.image.height };
    this.canvases = Array.from({ length: this.count }, () => canvasFor(size));
    const tiles = this.canvases.map((canvas, i) => choice("sample", String(i), i === 0, canvas, ""));
    element("grid").replaceChildren(...tiles);
    if (element("classes")) {
      const names = this.about.inputs.label.classes.map((name, i) => [String(i), name]);
      const buttons = [["", "any"], ...names].map(([value, name], i) =>
        choice("class", value, i === 0, make("span", { textContent: name }), name)
      );
      element("classes").append(...buttons);
    }
  }

  #listen() {
    const on = (id, event, action) => element(id)?.addEventListener(event, action);
    on("seed", "input", () => this.#newSeed());
    on("next-seed", "click", () => {
      element("seed").value = String((this.seed ?? -1) + 1);
      this.#newSeed();
    });
    on("controls", "submit", (event) => event.preventDefault());
    on("classes", "change", () => this.redrawAll());
    on("truncation", "input", () => this.redrawAll());
    on("grid", "change", () => (this.everyOne ? this.redrawChosen() : this.redrawAll()));
    on("every-one", "change", () => this.redrawAll());
    on("directions", "input", (event) => {
      if (event.target.type === "range") this.everyOne ? this.redrawAll() : this.redrawChosen();
    });
    on("directions", "reset", () => setTimeout(() => this.redrawAll()));
    on("save-sample", "click", () => save(element("chosen"), this.#fileName(`_${this.index}`)));
    on("save-grid", "click", () => save(grid(this.images, COLUMNS), this.#fileName("")));
  }

  async #newSeed() {
    const valid = this.seed !== null;
    element("seed").setAttribute("aria-invalid", String(!valid));
    if (!valid) return this.say(`A seed is a whole number of at most ${LONGEST_SEED} digits.`);
    this.base = drawPoints(this.about, this.seed, this.count);
    await this.redrawAll();
  }

  async #drawAll() {
    this.images = await this.network.draw(this.base.map((_, index) => this.point(index)));
    this.images.forEach((image, index) => {
      show(this.canvases[index], image);
      this.canvases[index].previousElementSibling.ariaLabel = this.#describe(index);
    });
    this.#showChosen(this.images[this.index]);
    const kind = this.label === undefined ? "" : `, class ${this.about.inputs.label.classes[this.label]}`;
    this.say(`${this.count} samples of seed ${this.seed}${kind}`);
  }

  async #drawChosen() {
    const index = this.index;
    const [image] = await this.network.draw([this.point(index)]);
    this.images[index] = image;
    show(this.canvases[index], image);
    this.#showChosen(image);
  }

  #showChosen(image) {
    show(element("chosen"), image);
    element("chosen").setAttribute("aria-label", `${this.#describe(this.index)}, enlarged`);
    element("chosen-name").textContent = this.#describe(this.index);
    for (const slider of [...this.#sliders, element("truncation")]) {
      if (slider) slider.nextElementSibling.textContent = Number(slider.value).toFixed(1);
    }
    this.remember(this.state);
  }

  #describe(index) {
    const label = this.point(index).label;
    const kind = label === undefined ? "" : `, class ${this.about.inputs.label.classes[label]}`;
    return `Sample ${index + 1} of seed ${this.seed}${kind}`;
  }

  #fileName(end) {
    return `${this.name}_seed${this.seed}${end}`;
  }
}
