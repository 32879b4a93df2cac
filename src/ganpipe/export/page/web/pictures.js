// Pictures on the page, and as files.

const GAP = 2; // pixels between the images of a grid

/** A canvas of the size of an image, which stands in a control that says what it shows. */
export function canvasFor({ width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** Show an ImageData on a canvas, which takes its size. */
export function show(canvas, image) {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** The images side by side on white. */
export function grid(images, columns) {
  const [stepX, stepY] = [images[0].width + GAP, images[0].height + GAP];
  const canvas = document.createElement("canvas");
  canvas.width = columns * stepX + GAP;
  canvas.height = Math.ceil(images.length / columns) * stepY + GAP;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  images.forEach((image, index) => {
    const [x, y] = [index % columns, Math.floor(index / columns)];
    context.putImageData(image, x * stepX + GAP, y * stepY + GAP);
  });
  return canvas;
}

/** Save a canvas as a PNG file. */
export function save(canvas, name) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }, "image/png");
}
