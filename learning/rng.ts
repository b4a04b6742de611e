/**
 * A seedable generator: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * ACM TOMS 2021), its state filled by splitmix32. Period 2^128 - 1; the same numbers on every machine.
 * Streams that must not meet (trees, folds, candidates) each get a seed of their own by `deriveSeed`.
 */
export class Random {
  readonly #state = new Int32Array(4);

  /** @param seed any integer; its low 32 bits are used. */
  constructor(seed: number) {
    const next = splitmix32(seed);
    for (let i = 0; i < 4; i++) this.#state[i] = next();
  }

  /** 0 <= result < 2^32. */
  uint32(): number {
    const s = this.#state;
    const s1 = s[1];
    const x = Math.imul(s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9);
    const t = s1 << 9;
    s[2] ^= s[0];
    s[3] ^= s1;
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result >>> 0;
  }

  /** An integer, 0 <= result < bound, every one equally likely (rejection under a mask, no modulo bias). */
  below(bound: number): number {
    if (!(bound >= 1 && bound <= 0x1_0000_0000))
      throw new RangeError(`A bound is an integer from 1 to 2^32, not ${bound}.`);
    const shift = bound <= 1 ? 32 : Math.clz32(bound - 1);
    if (shift === 32) return 0;
    for (;;) {
      const value = this.uint32() >>> shift;
      if (value < bound) return value;
    }
  }

  /** 0 <= result < 1, with 53 random bits. */
  unit(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Puts the items in a random order, in place (Fisher and Yates); every order is equally likely. */
  shuffle(items: Int32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
  }
}

/**
 * A seed of 32 bits for one named stream under a seed, as in `deriveSeed(seed, 'tree', 7)`.
 * Other labels, or the same in another order, give an unrelated seed.
 */
export function deriveSeed(seed: number, ...labels: (string | number)[]): number {
  let hash = scramble(seed);
  for (const label of labels) {
    const text = typeof label === 'number' ? `#${label}` : `$${label}`;
    // FNV-1a over the UTF-16 units; the tag in front keeps 7 and '7' apart, the scramble ['ab', 'c'] and ['a', 'bc'].
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
    hash = scramble(hash + text.length);
  }
  return hash >>> 0;
}

const WEYL = 0x9e37_79b9;

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + WEYL) | 0;
    return scramble(state);
  };
}

/** A bijection of 32 bits with full avalanche (Ettinger's `lowbias32`, constants of TheIronBorn). */
function scramble(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
  return z ^ (z >>> 15);
}
