// What the page carries: JSON, and bytes as base64, each in an element of its own.

/** The text of the element `id`. */
export function carried(id) {
  return document.getElementById(id).textContent;
}

/** The bytes of base64 text. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** Base64 text of little-endian float32 numbers. */
export function floats(text) {
  return new Float32Array(fromBase64(text).buffer);
}

/** The bytes of the element `id`, which holds gzipped base64. */
export async function unzipped(id) {
  const stream = new Blob([fromBase64(carried(id))]).stream();
  const whole = new Response(stream.pipeThrough(new DecompressionStream("gzip")));
  return new Uint8Array(await whole.arrayBuffer());
}
