import type { BinnedMatrix } from '../../types.ts';
import { GROUP, SPARSE_ROWS, type Criterion, type Split } from './criterion.ts';
import { writeValue, type LeafScale } from './leaves.ts';
import { CLASS_BITS, type Sample } from './sample.ts';

/** Bins to visit; scratch. */
const list = new Int32Array(256);

/**
 * Squared error. Sums are float64 of the centred target, always taken in the same order, since one tree is grown
 * by one thread. Totals are [weight, sum].
 */
export class Variance implements Criterion {
  readonly width = 2;
  readonly #y: Float64Array;
  /** [rows of the matrix], the target less the scale's base: a large mean would cost digits of the squares. */
  readonly #target: Float64Array;
  readonly #scale: LeafScale;
  readonly #bins: Uint8Array;
  readonly #columns: number;
  readonly #binsOf: Int32Array;
  /** [GROUP, 256, 2]: weight and sum. */
  readonly #sums = new Float64Array(GROUP * 512);
  readonly #touched = new Int32Array(GROUP * 8);
  #sparse = false;

  constructor(matrix: BinnedMatrix, y: Float64Array, scale: LeafScale) {
    this.#y = y;
    this.#target = y.map((value) => value - scale.base);
    this.#scale = scale;
    this.#bins = matrix.bins;
    this.#columns = matrix.columns;
    this.#binsOf = Int32Array.from(matrix.edges, (edges) => edges.length + 1);
  }

  total(sample: Sample, totals: Float64Array): void {
    totals.fill(0);
    for (let i = 0; i < sample.length; i++) {
      const weight = sample.codes[i] >>> CLASS_BITS;
      totals[0] += weight;
      totals[1] += weight * this.#target[sample.rows[i]];
    }
  }

  /** Compares the targets themselves: a variance near 0 says little, since the sums are rounded. */
  isPure(sample: Sample, from: number, to: number): boolean {
    const first = this.#y[sample.rows[from]];
    for (let i = from + 1; i < to; i++) if (this.#y[sample.rows[i]] !== first) return false;
    return true;
  }

  fill(sample: Sample, from: number, to: number, features: Int32Array, first: number, count: number): void {
    this.#sparse = to - from < SPARSE_ROWS;
    if (!this.#sparse && count === GROUP) {
      this.#fillGroup(
        sample,
        from,
        to,
        features[first],
        features[first + 1],
        features[first + 2],
        features[first + 3],
      );
      return;
    }
    for (let slot = 0; slot < count; slot++) this.#fillOne(sample, from, to, features[first + slot], slot);
  }

  #fillGroup(sample: Sample, from: number, to: number, f0: number, f1: number, f2: number, f3: number): void {
    const { rows, codes } = sample;
    const bins = this.#bins;
    const sums = this.#sums;
    const target = this.#target;
    const columns = this.#columns;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const at = row * columns;
      const weight = codes[i] >>> CLASS_BITS;
      const value = weight * target[row];
      let bin = bins[at + f0] << 1;
      sums[bin] += weight;
      sums[bin + 1] += value;
      bin = 512 + (bins[at + f1] << 1);
      sums[bin] += weight;
      sums[bin + 1] += value;
      bin = 1024 + (bins[at + f2] << 1);
      sums[bin] += weight;
      sums[bin + 1] += value;
      bin = 1536 + (bins[at + f3] << 1);
      sums[bin] += weight;
      sums[bin + 1] += value;
    }
  }

  #fillOne(sample: Sample, from: number, to: number, feature: number, slot: number): void {
    const { rows, codes } = sample;
    const bins = this.#bins;
    const sums = this.#sums;
    const touched = this.#touched;
    const target = this.#target;
    const columns = this.#columns;
    const start = slot << 8;
    const words = slot << 3;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const bin = bins[row * columns + feature];
      const at = (start + bin) << 1;
      const weight = codes[i] >>> CLASS_BITS;
      sums[at] += weight;
      sums[at + 1] += weight * target[row];
      touched[words + (bin >> 5)] |= 1 << (bin & 31);
    }
  }

  scan(slot: number, feature: number, totals: Float64Array, minLeaf: number, best: Split): void {
    const sums = this.#sums;
    const touched = this.#touched;
    const total = totals[0];
    const totalSum = totals[1];
    let left = 0;
    let leftSum = 0;
    let previous = -1;
    const words = (this.#binsOf[feature] + 31) >> 5;
    for (let word = 0; word < words; word++) {
      let bits = this.#sparse ? touched[slot * 8 + word] : -1;
      touched[slot * 8 + word] = 0;
      while (bits !== 0) {
        const bin = word * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const at = ((slot << 8) + bin) << 1;
        const weight = sums[at];
        if (weight === 0) continue;
        const right = total - left;
        if (previous >= 0 && left >= minLeaf && right >= minLeaf) {
          const rightSum = totalSum - leftSum;
          const numerator = leftSum * leftSum * right + rightSum * rightSum * left;
          const denominator = left * right;
          if (numerator * best.denominator > best.numerator * denominator) {
            best.numerator = numerator;
            best.denominator = denominator;
            best.feature = feature;
            best.cut = (previous + bin - 1) >> 1;
            best.left[0] = left;
            best.left[1] = leftSum;
          }
        }
        left += weight;
        leftSum += sums[at + 1];
        sums[at] = 0;
        sums[at + 1] = 0;
        previous = bin;
      }
    }
  }

  scanChosen(
    slot: number,
    feature: number,
    totals: Float64Array,
    minLeaf: number,
    best: Split,
    choose: (lowest: number, highest: number) => number,
  ): void {
    const sums = this.#sums;
    const start = slot << 9;
    const found = this.#occupied(slot, feature);
    let lowest = -1;
    let highest = -1;
    for (let i = 0; i < found; i++) {
      if (sums[start + 2 * list[i]] === 0) continue;
      if (lowest < 0) lowest = list[i];
      highest = list[i];
    }
    const cut = lowest < highest ? choose(lowest, highest) : -1;
    let left = 0;
    let leftSum = 0;
    for (let i = 0; i < found; i++) {
      const at = start + 2 * list[i];
      if (list[i] <= cut) {
        left += sums[at];
        leftSum += sums[at + 1];
      }
      sums[at] = 0;
      sums[at + 1] = 0;
    }
    const right = totals[0] - left;
    if (cut < 0 || left < minLeaf || right < minLeaf) return;
    const rightSum = totals[1] - leftSum;
    const numerator = leftSum * leftSum * right + rightSum * rightSum * left;
    const denominator = left * right;
    if (!(numerator * best.denominator > best.numerator * denominator)) return;
    best.numerator = numerator;
    best.denominator = denominator;
    best.feature = feature;
    best.cut = cut;
    best.left[0] = left;
    best.left[1] = leftSum;
  }

  /** Lists the bins of a slot that may hold rows, ascending, and returns their number. */
  #occupied(slot: number, feature: number): number {
    const touched = this.#touched;
    const words = (this.#binsOf[feature] + 31) >> 5;
    let found = 0;
    for (let word = 0; word < words; word++) {
      let bits = this.#sparse ? touched[slot * 8 + word] : -1;
      touched[slot * 8 + word] = 0;
      for (; bits !== 0; bits &= bits - 1) list[found++] = word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return found;
  }

  /** The mean of the leaf's own rows: totals have been through subtractions. */
  leaf(
    sample: Sample,
    from: number,
    to: number,
    _totals: Float64Array,
    values: Int32Array,
    at: number,
  ): void {
    let weight = 0;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const w = sample.codes[i] >>> CLASS_BITS;
      weight += w;
      sum += w * this.#target[sample.rows[i]];
    }
    writeValue(this.#scale.base + sum / weight, this.#scale, values, at);
  }
}
