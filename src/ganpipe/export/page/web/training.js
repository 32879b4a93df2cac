// A slider through the training: the same inputs at every snapshot.

import { element, playing } from "./choices.js";

/** `times` holds, for each snapshot, its place on the sheet of pictures and words about it. */
export async function startTraining({ width, height, times }) {
  const [sheet, canvas, slider] = [element("sheet"), element("snapshot"), element("snapshots")];
  await sheet.decode();
  Object.assign(canvas, { width, height });
  slider.max = String(times.length - 1);
  slider.value = slider.max;
  const draw = () => {
    const { x, y, words, shift } = times[Number(slider.value)];
    canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
    canvas.setAttribute("aria-label", `The same inputs after ${words}`);
    slider.setAttribute("aria-valuetext", words);
    element("snapshot-name").textContent = words;
    element("cursor")?.setAttribute("transform", `translate(${shift})`);
  };
  slider.addEventListener("input", draw);
  playing(element("play-training"), slider, { milliseconds: 500, back: false });
  draw();
}
