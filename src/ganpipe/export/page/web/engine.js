// The network: ONNX Runtime Web, one thread, from what the page carries.

import { carried, fromBase64, unzipped } from "./bytes.js";

/** Start the runtime. Rejects where the browser lacks something. */
export async function startRuntime() {
  const [loader, wasm] = await Promise.all([unzipped("loader"), unzipped("wasm")]);
  const url = URL.createObjectURL(new Blob([loader], { type: "text/javascript" }));
  const runtime = await import(url);
  URL.revokeObjectURL(url);
  runtime.env.wasm.numThreads = 1; // pages from files have no shared memory
  runtime.env.wasm.wasmBinary = wasm.buffer;
  return runtime;
}

/** A generator, or a translator. */
export class Network {
  /** `about` describes it: its inputs, the shape of its images, the element that holds it. */
  static async open(runtime, about) {
    const session = await runtime.InferenceSession.create(await unzipped(about.element), {
      executionProviders: ["wasm"],
    });
    return new Network(runtime, session, about);
  }

  #turn = Promise.resolve(); // a session computes one batch at a time

  constructor(runtime, session, about) {
    Object.assign(this, { runtime, session, about });
  }

  /** An ImageData for each point. */
  draw(points) {
    const images = this.#turn.then(() => this.#draw(points));
    this.#turn = images.catch(() => {});
    return images;
  }

  async #draw(points) {
    const feeds = {};
    for (const [name, input] of Object.entries(this.about.inputs)) {
      feeds[name] = this.#tensor(input, points.map((point) => point[name]));
    }
    const { images } = await this.session.run(feeds);
    const [, channels, height, width] = images.dims;
    const size = channels * height * width;
    return points.map((_, index) =>
      toImage(images.data.subarray(index * size, (index + 1) * size), channels, width, height)
    );
  }

  #tensor(input, values) {
    const { Tensor } = this.runtime;
    if (input.kind === "label") {
      return new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
    }
    if (input.kind === "truncation") {
      return new Tensor("float32", Float32Array.from(values), [values.length]);
    }
    const all = new Float32Array(values.length * values[0].length);
    values.forEach((value, index) => all.set(value, index * value.length));
    return new Tensor("float32", all, [values.length, ...input.shape]);
  }
}

/** Planes of float32 around [-1, 1] as pixels: rounded in float32 to the nearest of 256 greys, ties
 * to the even one, as Python does. */
function toImage(values, channels, width, height) {
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      const value = values[channels === 3 ? c * plane + i : i];
      pixels[4 * i + c] = Math.fround(Math.fround(value + 1) * 127.5);
    }
  }
  return new ImageData(pixels, width, height);
}

/** Call `task` with the newest arguments, and skip those that are overtaken while it works. */
export function newest(task) {
  let waiting = null;
  let working = false;
  return async (...args) => {
    waiting = args;
    if (working) return;
    working = true;
    try {
      while (waiting) {
        const now = waiting;
        waiting = null;
        await task(...now);
      }
    } finally {
      working = false;
    }
  };
}
