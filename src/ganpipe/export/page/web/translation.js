// A picture and its translation: one of the test pictures, or the reader's own.

import { choice, chosen, element, make } from "./choices.js";
import { newest } from "./engine.js";
import { canvasFor, save, show } from "./pictures.js";

const LUMA = [0.299, 0.587, 0.114]; // grey of red, green and blue: ITU-R BT.601

export class Translation {
  /** `networks` holds one for each direction; each says which sheets of pictures it is shown. */
  constructor(networks, { name, say }) {
    Object.assign(this, { networks, name, say });
    this.redraw = newest(() => this.#draw());
  }

  get network() {
    const directions = element("directions-of-translation");
    return this.networks[directions ? Number(chosen(directions)) : 0];
  }

  async show() {
    if (element("directions-of-translation")) {
      const names = this.networks.map(({ about }, i) =>
        choice("direction", String(i), i === 0, make("span", { textContent: about.title }), about.title)
      );
      element("directions-of-translation").append(...names);
    }
    this.#listen();
    await this.#newDirection();
  }

  #listen() {
    const on = (id, event, action) => element(id)?.addEventListener(event, action);
    on("directions-of-translation", "change", () => this.#newDirection());
    on("grid", "change", () => this.#take(Number(chosen(element("grid")))));
    on("file", "change", () => this.#open(element("file").files[0]));
    on("save-translation", "click", () => save(element("translated"), `${this.name}_translated`));
    const zone = element("drop");
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
      zone.addEventListener(type, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", type === "dragenter" || type === "dragover");
        if (type === "drop") this.#open(event.dataTransfer.files[0]);
      });
    }
    addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) this.#open(event.clipboardData.files[0]);
    });
  }

  async #newDirection() {
    const { given, truth, title } = this.network.about;
    [this.given, this.truth] = await Promise.all([given, truth].map(imagesOf));
    const tiles = this.given.map((image, index) => {
      const canvas = canvasFor(image);
      show(canvas, image);
      return choice("sample", String(index), index === 0, canvas, `Test picture ${index + 1}`);
    });
    element("grid").replaceChildren(...tiles);
    element("direction-name").textContent = title;
    await this.#take(0);
  }

  #take(index) {
    [this.picture, this.goal] = [this.given[index], this.truth[index] ?? null];
    this.words = `Test picture ${index + 1}`;
    return this.redraw();
  }

  async #open(file) {
    if (!file) return;
    try {
      this.picture = fitted(await createImageBitmap(file), this.network.about.inputs.input.shape);
    } catch {
      return this.say(`${file.name} is no picture that this browser can read`);
    }
    [this.goal, this.words] = [null, file.name];
    const checked = element("grid").querySelector("input:checked");
    if (checked) checked.checked = false;
    await this.redraw();
  }

  async #draw() {
    const { picture, goal, words } = this;
    const point = { input: planes(picture, this.network.about.inputs.input.shape) };
    const [image] = await this.network.draw([point]);
    for (const [id, shown, what] of [
      ["given", picture, ""], ["translated", image, ", translated"], ["truth", goal, ", the truth"],
    ]) {
      element(id).closest("figure").hidden = !shown;
      if (!shown) continue;
      show(element(id), shown);
      element(id).setAttribute("aria-label", `${words}${what}`);
    }
    this.say(`${words}, translated`);
  }
}

/** The pictures of a sheet, as ImageData; none without a sheet. */
async function imagesOf(about) {
  if (!about) return [];
  const { element: id, count, width, height, columns } = about;
  const sheet = element(id);
  await sheet.decode();
  const canvas = make("canvas", { width: sheet.naturalWidth, height: sheet.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(sheet, 0, 0);
  return Array.from({ length: count }, (_, i) =>
    context.getImageData((i % columns) * width, Math.floor(i / columns) * height, width, height)
  );
}

/** The centre of a picture, at the size at which the network was trained; in grey if it sees that. */
function fitted(bitmap, [channels, height, width]) {
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  const image = context.getImageData(0, 0, width, height);
  if (channels === 1) {
    for (let i = 0; i < image.data.length; i += 4) {
      image.data.fill(LUMA.reduce((sum, of, c) => sum + of * image.data[i + c], 0), i, i + 3);
    }
  }
  return image;
}

/** Pixels as planes of float32 in [-1, 1]. */
function planes(image, [channels, height, width]) {
  const plane = height * width;
  return Float32Array.from({ length: channels * plane }, (_, i) => {
    const value = image.data[4 * (i % plane) + Math.floor(i / plane)];
    return Math.fround(value / 127.5) - 1;
  });
}
