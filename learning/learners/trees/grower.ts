import { MAX_BINS, missingBinOf, valueOfCut } from '../../binning.ts';
import type { Random } from '../../rng.ts';
import type { BinnedMatrix } from '../../types.ts';
import { drawCut } from './drawCut.ts';
import { GROUP, type Criterion, type Split } from './criterion.ts';
import type { EnsembleBuilder } from './ensemble.ts';
import type { Sample } from './sample.ts';

export interface GrowthLimits {
  /** Cuts on the longest way from the root. */
  maxDepth: number;
  /** Least weight of a leaf, in drawn rows. */
  minLeaf: number;
  /** Features drawn anew for every node. */
  featuresPerNode: number;
  /** One random cut of each drawn feature instead of its best one. */
  randomCuts: boolean;
}

/**
 * Grows decision trees on binned features, depth first (Breiman et al., "Classification and regression trees", 1984).
 * Like scikit-learn, a node goes on drawing features beyond `featuresPerNode` until one of them can be cut.
 */
export class Grower {
  readonly #matrix: BinnedMatrix;
  readonly #criterion: Criterion;
  readonly #limits: GrowthLimits;
  readonly #features: Int32Array;
  readonly #right: Sample;
  readonly #best: Split;
  /** Totals of the nodes that wait, `width` numbers each. */
  #waiting: Float64Array;

  constructor(matrix: BinnedMatrix, criterion: Criterion, limits: GrowthLimits, maxRows: number) {
    this.#matrix = matrix;
    this.#criterion = criterion;
    this.#limits = limits;
    this.#features = new Int32Array(matrix.columns);
    this.#right = { rows: new Int32Array(maxRows), codes: new Int32Array(maxRows), length: 0 };
    this.#best = {
      feature: -1,
      cut: 0,
      members: null,
      numerator: -1,
      denominator: 1,
      missingLeft: false,
      left: new Float64Array(criterion.width),
    };
    this.#waiting = new Float64Array(64 * criterion.width);
  }

  /** Adds one tree to `into`. The sample is reordered. */
  grow(sample: Sample, random: Random, into: EnsembleBuilder): void {
    const { maxDepth } = this.#limits;
    const width = this.#criterion.width;
    const best = this.#best;
    // The order of drawing must not depend on the trees grown before.
    for (let i = 0; i < this.#features.length; i++) this.#features[i] = i;
    const totals = new Float64Array(width);
    this.#criterion.total(sample, totals);
    this.#keep(0, totals);
    const stack = [into.root(), 0, sample.length, 0];
    for (let waiting = 1; waiting > 0;) {
      waiting--;
      const depth = stack.pop() as number;
      const to = stack.pop() as number;
      const from = stack.pop() as number;
      const node = stack.pop() as number;
      for (let i = 0; i < width; i++) totals[i] = this.#waiting[waiting * width + i];
      if (
        depth >= maxDepth ||
        !this.#canSplit(sample, from, to, totals) ||
        !this.#findSplit(sample, from, to, totals, random)
      ) {
        const at = into.leaf(node);
        this.#criterion.leaf(sample, from, to, totals, into.values, at);
        continue;
      }
      const middle = this.#partition(sample, from, to);
      const { feature, cut, members, missingLeft } = best;
      const left = members
        ? into.splitBySet(node, feature, members)
        : into.split(node, feature, valueOfCut(this.#matrix.edges[feature], cut), missingLeft);
      for (let i = 0; i < width; i++) totals[i] -= best.left[i];
      this.#keep(waiting, totals);
      this.#keep(waiting + 1, best.left);
      stack.push(left + 1, middle, to, depth + 1, left, from, middle, depth + 1);
      waiting += 2;
    }
  }

  #canSplit(sample: Sample, from: number, to: number, totals: Float64Array): boolean {
    if (to - from < 2 || totals[0] < 2 * this.#limits.minLeaf) return false;
    return !this.#criterion.isPure(sample, from, to, totals);
  }

  #findSplit(sample: Sample, from: number, to: number, totals: Float64Array, random: Random): boolean {
    const { minLeaf, featuresPerNode, randomCuts } = this.#limits;
    const features = this.#features;
    const best = this.#best;
    best.numerator = -1;
    best.denominator = 1;
    best.members = null;
    let wanted = featuresPerNode;
    for (let first = 0; first < features.length;) {
      const count = Math.min(GROUP, wanted - first);
      for (let i = first; i < first + count; i++) {
        const j = i + random.below(features.length - i);
        const feature = features[j];
        features[j] = features[i];
        features[i] = feature;
      }
      this.#criterion.fill(sample, from, to, features, first, count);
      for (let slot = 0; slot < count; slot++) {
        const feature = features[first + slot];
        if (randomCuts) {
          const choose = (lowest: number, highest: number) =>
            drawCut(this.#matrix.edges[feature], lowest, highest, random);
          this.#criterion.scanChosen(
            slot,
            feature,
            totals,
            minLeaf,
            best,
            choose,
            () => random.below(2) === 1,
          );
        } else this.#criterion.scan(slot, feature, totals, minLeaf, best);
      }
      first += count;
      if (first >= wanted) {
        if (best.numerator >= 0) return true;
        wanted = Math.min(features.length, first + 1);
      }
    }
    return false;
  }

  /** Stable, without a branch on the data: about half of such branches would be mispredicted. */
  #partition(sample: Sample, from: number, to: number): number {
    const { bins, columns } = this.#matrix;
    const { feature, cut, members, missingLeft } = this.#best;
    const ways = members && waysOf(members);
    // No bin is -1, so that without one to go left all the same only the cut decides.
    const gap = missingLeft ? missingBinOf(this.#matrix, feature) : -1;
    const { rows, codes } = sample;
    const { rows: rightRows, codes: rightCodes } = this.#right;
    let left = from;
    let right = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const code = codes[i];
      const bin = bins[row * columns + feature];
      const goesRight = ways ? ways[bin] : ((cut - bin) >>> 31) & (((bin - gap) | (gap - bin)) >>> 31);
      rows[left] = row;
      codes[left] = code;
      rightRows[right] = row;
      rightCodes[right] = code;
      right += goesRight;
      left += 1 - goesRight;
    }
    for (let i = 0; i < right; i++) {
      rows[left + i] = rightRows[i];
      codes[left + i] = rightCodes[i];
    }
    return left;
  }

  #keep(position: number, totals: Float64Array): void {
    const at = position * this.#criterion.width;
    if (at + totals.length > this.#waiting.length) {
      const wider = new Float64Array(2 * this.#waiting.length);
      wider.set(this.#waiting);
      this.#waiting = wider;
    }
    for (let i = 0; i < totals.length; i++) this.#waiting[at + i] = totals[i];
  }
}

/** By bin, 1 where it goes right. */
function waysOf(members: Uint8Array): Uint8Array {
  const ways = new Uint8Array(MAX_BINS).fill(1);
  for (const bin of members) ways[bin] = 0;
  return ways;
}
