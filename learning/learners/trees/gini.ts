import type { BinnedMatrix } from '../../types.ts';
import { ClassHistogram } from './classHistogram.ts';
import type { Criterion, Split } from './criterion.ts';
import { scanChosen } from './giniChosen.ts';
import { scanFour, scanMany, scanTwo } from './giniScan.ts';
import { writeVotes } from './leaves.ts';
import { CLASS_BITS, CLASS_MASK, type Sample } from './sample.ts';

/** Gini impurity. Totals are [weight, weight of class 0, weight of class 1, ...]. */
export class Gini implements Criterion {
  readonly width: number;
  readonly #classes: number;
  readonly #bits: number;
  readonly #histogram: ClassHistogram;

  /** @param bits of a leaf's votes, see leafBits */
  constructor(matrix: BinnedMatrix, classes: number, bits: number) {
    this.width = classes + 1;
    this.#classes = classes;
    this.#bits = bits;
    this.#histogram = new ClassHistogram(matrix, classes);
  }

  total(sample: Sample, totals: Float64Array): void {
    totals.fill(0);
    for (let i = 0; i < sample.length; i++) {
      const code = sample.codes[i];
      totals[0] += code >>> CLASS_BITS;
      totals[1 + (code & CLASS_MASK)] += code >>> CLASS_BITS;
    }
  }

  isPure(_sample: Sample, _from: number, _to: number, totals: Float64Array): boolean {
    for (let c = 1; c < totals.length; c++) if (totals[c] === totals[0]) return true;
    return false;
  }

  fill(sample: Sample, from: number, to: number, features: Int32Array, first: number, count: number): void {
    this.#histogram.fill(sample, from, to, features, first, count);
  }

  scan(slot: number, feature: number, totals: Float64Array, minLeaf: number, best: Split): void {
    if (this.#classes === 2) scanTwo(this.#histogram, slot, feature, totals, minLeaf, best);
    else if (this.#classes <= 4) scanFour(this.#histogram, slot, feature, totals, minLeaf, best);
    else scanMany(this.#histogram, slot, feature, totals, minLeaf, best);
  }

  scanChosen(
    slot: number,
    feature: number,
    totals: Float64Array,
    minLeaf: number,
    best: Split,
    choose: (lowest: number, highest: number) => number,
  ): void {
    scanChosen(this.#histogram, slot, feature, totals, minLeaf, best, choose);
  }

  leaf(
    _sample: Sample,
    _from: number,
    _to: number,
    totals: Float64Array,
    values: Int32Array,
    at: number,
  ): void {
    writeVotes(totals, 1, this.#classes, this.#bits, values, at);
  }
}
