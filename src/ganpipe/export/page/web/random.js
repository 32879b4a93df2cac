// Random numbers as PyTorch draws them on a CPU: a seed gives this page and Python the same noise.

const LENGTH = 624; // words of the twister's state
const MIDDLE = 397;
const MASK = (1n << 64n) - 1n;
const BLAKE_START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const BLAKE_ORDER = [ // hex digits: which word of the message comes when
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8",
  "905724afe1bc683d", "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a",
  "6fe9b308c2d714a5", "a2847615fb9e3cd0", "0123456789abcdef", "ea489fd61c02b753",
];

/** BLAKE2b (RFC 7693) with a digest of 8 bytes, of at most 128 bytes of text: a BigInt of 64 bits,
 * big end first. */
function blake2b64(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 128) throw new RangeError("the text is longer than one block");
  const block = new DataView(new ArrayBuffer(128));
  bytes.forEach((byte, index) => block.setUint8(index, byte));
  const message = Array.from({ length: 16 }, (_, index) => block.getBigUint64(8 * index, true));
  const first = BLAKE_START[0] ^ 0x01010008n; // one block, no key, 8 bytes
  const v = [first, ...BLAKE_START.slice(1), ...BLAKE_START];
  v[12] ^= BigInt(bytes.length);
  v[14] ^= MASK; // the last block
  const mix = (a, b, c, d, x, y) => {
    for (const [word, far, near] of [[x, 32n, 24n], [y, 16n, 63n]]) {
      v[a] = (v[a] + v[b] + word) & MASK;
      v[d] = rotated(v[d] ^ v[a], far);
      v[c] = (v[c] + v[d]) & MASK;
      v[b] = rotated(v[b] ^ v[c], near);
    }
  };
  for (const order of BLAKE_ORDER) {
    const m = Array.from(order, (digit) => message[parseInt(digit, 16)]);
    for (let i = 0; i < 4; i++) mix(i, i + 4, i + 8, i + 12, m[2 * i], m[2 * i + 1]);
    for (let i = 0; i < 4; i++) {
      mix(i, ((i + 1) % 4) + 4, ((i + 2) % 4) + 8, ((i + 3) % 4) + 12, m[2 * i + 8], m[2 * i + 9]);
    }
  }
  const digest = new DataView(new ArrayBuffer(8));
  digest.setBigUint64(0, first ^ v[0] ^ v[8], true);
  return digest.getBigUint64(0);
}

function rotated(word, bits) {
  return ((word >> bits) | (word << (64n - bits))) & MASK;
}

/** The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as for one named draw. */
export class Stream {
  /** `name` is the seed, the purpose and the index of the draw, joined by slashes. */
  constructor(name) {
    const seed = Number((blake2b64(name) >> 1n) & 0xffffffffn); // a generator takes 32 bits of it
    this.state = new Uint32Array(LENGTH);
    this.state[0] = seed;
    for (let i = 1; i < LENGTH; i++) {
      const last = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
    this.used = LENGTH;
  }

  #word() {
    const s = this.state;
    if (this.used === LENGTH) {
      for (let i = 0; i < LENGTH; i++) {
        const joined = (s[i] & 0x80000000) | (s[(i + 1) % LENGTH] & 0x7fffffff);
        s[i] = s[(i + MIDDLE) % LENGTH] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      }
      this.used = 0;
    }
    let y = s[this.used++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  /** A multiple of 2^-24 in [0, 1). */
  #share() {
    return (this.#word() & 0xffffff) / 0x1000000;
  }

  /** `count` numbers of U(low, high), float32. */
  uniform(count, low = 0, high = 1) {
    return Float32Array.from({ length: count }, () => this.#share() * (high - low) + low);
  }

  /** `count` numbers of N(0, 1), at least 16, float32: Box and Muller 1958, in blocks of 16. */
  normal(count) {
    const values = this.uniform(count);
    for (let start = 0; start + 16 <= count; start += 16) toNormal(values, start);
    if (count % 16) {
      values.set(this.uniform(16), count - 16);
      toNormal(values, count - 16);
    }
    return values;
  }
}

function toNormal(values, start) {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
    const angle = 2 * Math.PI * values[i + 8];
    values[i] = radius * Math.cos(angle);
    values[i + 8] = radius * Math.sin(angle);
  }
}
