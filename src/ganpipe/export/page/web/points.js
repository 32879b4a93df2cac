// Points: the inputs of one image by name, each a Float32Array or a number. None is ever changed.

import { floats } from "./bytes.js";
import { Stream } from "./random.js";

/** The first `count` points of a seed, those of `ganpipe generate --seed`. `network` describes the
 * inputs; the noise of the seeds that the page carries is taken from there. */
export function drawPoints(network, seed, count) {
  const stream = new Stream(`${seed}/${network.purpose}/0`);
  const carried = network.seeds[seed] ?? {};
  const points = Array.from({ length: count }, () => ({}));
  for (const [name, input] of Object.entries(network.inputs)) {
    const values = name in carried ? floats(carried[name]) : DRAW[input.kind](input, stream, network);
    points.forEach((point, index) => {
      const size = input.size;
      point[name] = size ? values.slice(index * size, (index + 1) * size) : values[index];
    });
  }
  return points;
}

const DRAW = { // as many rows as Python draws at once, since the next input is drawn after them
  normal: (input, stream, { chunk }) => stream.normal(chunk * input.size),
  uniform: (input, stream, { chunk }) => stream.uniform(chunk * input.size, -1, 1),
  label: (input, stream, { chunk }) =>
    stream.uniform(chunk).map((chance) => input.bounds.filter((bound) => bound <= chance).length),
  truncation: (input, stream, { chunk }) => new Float32Array(chunk).fill(1),
};

/** The point with what stands in `values` replaced, those that are undefined left out. */
export function withValues(point, values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return { ...point, ...Object.fromEntries(given) };
}

/** The point moved by `amounts[i]` along the direction i of its noise. */
export function moved(point, directions, amounts) {
  if (!directions || amounts.every((amount) => amount === 0)) return point;
  const noise = Float32Array.from(point[directions.input]);
  const vectors = floats(directions.vectors); // one after another
  amounts.forEach((amount, which) => {
    const start = which * noise.length;
    for (let i = 0; i < noise.length; i++) noise[i] += amount * vectors[start + i];
  });
  return { ...point, [directions.input]: noise };
}

/** The point at a share `t` of the way: normal noise on the great circle, uniform noise on the line,
 * the rest as at the start. */
export function between(network, start, end, t) {
  const mixed = Object.entries(network.inputs).map(([name, { kind }]) => {
    const [a, b] = [start[name], end[name]];
    if (kind === "normal") return [name, onCircle(a, b, t)];
    return [name, kind === "uniform" ? sum(a, 1 - t, b, t) : a];
  });
  return Object.fromEntries(mixed);
}

/** Shoemake 1985; noise that points the same way is mixed on the line. */
function onCircle(a, b, t) {
  const dot = (x, y) => x.reduce((total, value, index) => total + value * y[index], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  if (!(sine > 1e-6)) return sum(a, 1 - t, b, t);
  return sum(a, Math.sin((1 - t) * angle) / sine, b, Math.sin(t * angle) / sine);
}

function sum(a, of_a, b, of_b) {
  return a.map((value, index) => of_a * value + of_b * b[index]);
}
