/**
 * Leaves as integers. A float32 holds every integer up to 2^24, so as long as all trees together stay below that,
 * sums over trees are exact, in any order, in JavaScript and in ONNX Runtime alike.
 */

/** Bits that a leaf's integer may take: floor(log2(2^24 / trees)). */
export function leafBits(trees: number): number {
  return 24 - (trees > 1 ? 32 - Math.clz32(trees - 1) : 0);
}

/**
 * Writes `counts` as shares of exactly 2^leafBits(trees), by the largest remainder (lowest index on ties).
 *
 * @param counts weights of at least 0, not all 0; whole numbers where rows have none of their own
 */
export function writeVotes(
  counts: Float64Array | Int32Array,
  offset: number,
  classes: number,
  bits: number,
  values: Int32Array,
  at: number,
): void {
  let total = 0;
  for (let c = 0; c < classes; c++) total += counts[offset + c];
  const scale = 2 ** bits;
  for (let c = 0; c < classes; c++) {
    if (counts[offset + c] === total) {
      values[at + c] = scale; // A pure leaf, as most are; the others stay 0.
      return;
    }
  }
  let left = scale;
  const remainders = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    // Of whole numbers exact: a count is below 2^29, so the product is below 2^53.
    const product = counts[offset + c] * scale;
    const share = Math.floor(product / total);
    values[at + c] = share;
    remainders[c] = product - share * total;
    left -= share;
  }
  for (; left > 0; left--) {
    let most = 0;
    for (let c = 1; c < classes; c++) if (remainders[c] > remainders[most]) most = c;
    values[at + most]++;
    remainders[most] = -1;
  }
}

/**
 * How a regression's leaf is written as two integers: value = base + (high * 2^bits + low) * unit, where unit is a
 * power of two. With 100 trees that keeps 34 bits of the target's range (float32 has 24), and a sum over trees is
 * exact: both parts are, and recombining them in float64 takes at most 48 bits.
 */
export interface LeafScale {
  base: number;
  unit: number;
  bits: number;
}

export function leafScale(trees: number, lowest: number, highest: number): LeafScale {
  const bits = leafBits(trees);
  const base = lowest / 2 + highest / 2;
  const reach = Math.max(highest - base, base - lowest);
  // Half of the range is at most 2^(2 bits - 1) units, so high lies within +-2^(bits - 1).
  const unit = reach === 0 ? 1 : 2 ** (Math.ceil(Math.log2(reach)) + 1 - 2 * bits);
  return { base, unit, bits };
}

export function writeValue(
  value: number,
  { base, unit, bits }: LeafScale,
  values: Int32Array,
  at: number,
): void {
  const units = Math.round((value - base) / unit);
  const high = Math.floor(units / 2 ** bits);
  values[at] = high;
  values[at + 1] = units - high * 2 ** bits;
}
