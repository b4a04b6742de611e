/**
 * Whole numbers in place of features, so that distances between them are exact whatever the order of a sum: this project
 * and a MatMul of ONNX Runtime then agree on them to the bit, and so on every tie. In floating point the square of a
 * difference, multiplied out as a MatMul needs it, loses most of its digits between rows that lie close together.
 * A feature is centred and counted in steps of a power of two, the same for all features; the count is cut into a high
 * and a low half, so that products of halves, summed over all features, stay below 2^53.
 */
export interface Grid {
  /** [columns], the middle of each column: a float32 number. */
  centres: Float64Array;
  /** Steps a unit: a power of two. */
  perUnit: number;
  /** Of each half: a count is high * 2^bits + low. */
  bits: number;
  /** Counts beyond are taken for it: at least 128 times as far out as any row that was learned from. */
  limit: number;
}

/** Rows on a grid, [rows, columns]: both halves are integers of at most 2^(bits - 1), either way. */
export interface Counts {
  high: Float64Array;
  low: Float64Array;
}

/** Bits that are left for rows farther out than those that were learned from. */
const HEADROOM = 7;

/** The finest grid that the rows listed in `train` fit on. @throws RangeError where there are none */
export function fitGrid(x: Float32Array, columns: number, train: Int32Array): Grid {
  if (train.length === 0) throw new RangeError('There are no rows to learn from.');
  const centres = new Float64Array(columns);
  let reach = 0;
  for (let f = 0; f < columns; f++) {
    let least = Infinity;
    let most = -Infinity;
    for (const row of train) {
      const value = x[row * columns + f];
      if (value < least) least = value;
      if (value > most) most = value;
    }
    centres[f] = Math.fround(least / 2 + most / 2);
    reach = Math.max(reach, most - centres[f], centres[f] - least);
  }
  // Three products of halves, 4 columns 4^(bits - 1) at the most, are added up to a squared difference.
  const bits = Math.floor((51 - Math.ceil(Math.log2(columns))) / 2);
  const exponent = reach === 0 ? 0 : 2 * bits - 2 - HEADROOM - exponentOf(reach);
  return {
    centres,
    perUnit: 2 ** Math.min(MAX_EXPONENT, exponent),
    bits,
    limit: 2 ** (2 * bits - 1) - 2 ** bits,
  };
}

/** Steps so small that even denormal features are told apart, and the largest distance can still be counted. */
const MAX_EXPONENT = 200;

/** Puts the rows listed in `index`, or all, on the grid. */
export function toCounts(
  { centres, perUnit, bits, limit }: Grid,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Counts {
  const rows = index ? index.length : x.length / columns;
  const high = new Float64Array(rows * columns);
  const low = new Float64Array(rows * columns);
  const unit = 2 ** bits;
  for (let i = 0; i < rows; i++) {
    const from = (index ? index[i] : i) * columns;
    for (let f = 0, at = i * columns; f < columns; f++, at++) {
      const steps = (x[from + f] - centres[f]) * perUnit;
      const count = roundEven(Math.min(limit, Math.max(-limit, steps)));
      high[at] = roundEven(count / unit);
      low[at] = count - high[at] * unit;
    }
  }
  return { high, low };
}

/** From here on float64 numbers are the integers, so that adding it rounds as ONNX's Round does: to even. */
const ALL_INTEGERS = 1.5 * 2 ** 52;

/** @param value below 2^51 either way */
export function roundEven(value: number): number {
  return value + ALL_INTEGERS - ALL_INTEGERS;
}

/** The largest e with 2^e <= value. */
function exponentOf(value: number): number {
  let exponent = Math.floor(Math.log2(value));
  if (2 ** exponent > value) exponent--;
  else if (2 ** (exponent + 1) <= value) exponent++;
  return exponent;
}
