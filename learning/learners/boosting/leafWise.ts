import type { GrownTree } from './grownTree.ts';
import { countRows, histogramLength, totalOf } from './histogram.ts';
import type { Kernels } from './kernels.ts';
import type { Columns, PackedRows } from './packedBins.ts';
import { SHIFT, type Steps } from './packedGradients.ts';
import { partitionBySet, partitionWithGap } from './partition.ts';
import type { RuledSide } from './ruledCut.ts';
import { scanByRules, subtract, type Rules } from './ruledScan.ts';

export interface LeafWiseLimits {
  leaves: number;
  /** Cuts on the longest way from the root; Infinity for no limit. */
  maxDepth: number;
  /** Least rows of a leaf. While cuts are compared, rows are told from the Hessian's share, as LightGBM does. */
  minLeaf: number;
  /** Least sum of Hessians of a leaf. */
  minChildWeight: number;
  l2: number;
}

/** What a leaf shall answer, from the positions rows[from..to], held within bounds before it is shrunk. */
export type LeafValue = (
  rows: Int32Array,
  from: number,
  to: number,
  low: number,
  high: number,
  l2: number,
) => number;

interface Leaf extends RuledSide {
  node: number;
  depth: number;
  from: number;
  to: number;
  /** Penalty of its answer. */
  l2: number;
  histogram: Float64Array;
}

/** How many histograms there are at the same time at the most: of every leaf that may be cut, and of nothing. */
export function mostHistograms(rows: number, { leaves, minLeaf }: LeafWiseLimits): number {
  return Math.min(leaves, Math.floor(rows / Math.max(2, 2 * minLeaf)) + 1) + 1;
}

/**
 * Grows a tree by cutting, again and again, the leaf that gains most by it (Shi, "Best-first decision tree learning",
 * 2007; Ke et al., "LightGBM", NIPS 2017). Only the smaller child of a cut is counted, the other is what is left.
 */
export class LeafWiseGrower {
  readonly #kernels: Kernels;
  readonly #columns: Columns;
  readonly #limits: LeafWiseLimits;
  readonly #rules: Rules | undefined;
  /** Of a leaf whose rows are counted; those of all leaves, or none at all. */
  readonly #exact: Rules;
  /** Positions, so that every leaf is a stretch. */
  readonly #rows: Int32Array;
  readonly #right: Int32Array;
  /** Histograms that no leaf holds; all are as long as those of all columns. */
  #free: Float64Array[] = [];
  readonly #zero: Float64Array;

  /** @param rules absent: no value is missing, no feature has a direction or names categories */
  constructor(kernels: Kernels, columns: Columns, limits: LeafWiseLimits, rules?: Rules) {
    this.#kernels = kernels;
    this.#columns = columns;
    this.#limits = limits;
    this.#rules = rules;
    const { length } = columns.binsOf;
    this.#exact = rules ?? { missing: new Int32Array(length).fill(-1), direction: new Int8Array(length) };
    this.#rows = kernels.int32(columns.length);
    this.#right = kernels.int32(columns.length);
    this.#zero = kernels.float64(histogramLength(columns.binsOf.length));
  }

  /**
   * @param sample the positions to grow on
   * @param packed their gradients (see packGradients), by position; absent: the tree is one leaf
   * @param scores the leaf's answers are added to those of the sample, from `offset` on
   */
  grow(
    rows: PackedRows,
    sample: Int32Array,
    packed: Float64Array,
    steps: Steps | undefined,
    valueOf: LeafValue,
    scores: Float64Array,
    offset: number,
  ): GrownTree {
    this.#rows.set(sample);
    const tree: GrownTree = { column: [-1], cut: [0], left: [0], value: [0] };
    if (this.#rules) tree.gap = [-1];
    if (this.#rules?.categories) tree.members = [null];
    const leaves = [this.#root(rows, sample.length, packed, steps)];
    while (leaves.length < this.#limits.leaves) {
      const index = mostGaining(leaves);
      if (index < 0) break;
      const children = this.#cut(rows, leaves[index], leaves.length + 1, packed, steps as Steps, tree);
      if (!children) continue;
      leaves[index] = children[0];
      leaves.push(children[1]);
    }
    // Bounds are in steps, as the sums are that they were made from.
    const unit = steps ? steps.hessian / steps.gradient : 1;
    for (const { node, from, to, histogram, low, high, l2 } of leaves) {
      const value = valueOf(this.#rows, from, to, low * unit, high * unit, l2);
      tree.value[node] = value;
      this.#kernels.addTo(scores, offset, this.#rows, from, to, value);
      this.#release(histogram);
    }
    return tree;
  }

  #root(rows: PackedRows, length: number, packed: Float64Array, steps: Steps | undefined): Leaf {
    const { l2, minLeaf } = this.#limits;
    const root = leafOf(0, 0, 0, length, 0, 0, l2, minLeaf, this.#zero);
    if (!steps) return root;
    root.histogram = this.#count(rows, root, packed);
    const total = totalOf(root.histogram);
    root.gradient = Math.floor(total / SHIFT);
    root.hessian = total - root.gradient * SHIFT;
    this.#scan(rows, leafOf(0, 0, 0, 0, 0, 0, l2, minLeaf, this.#zero), root, steps);
    return root;
  }

  /** @returns undefined, with another cut or none, where a side has fewer rows than a leaf must have */
  #cut(
    rows: PackedRows,
    leaf: Leaf,
    leaves: number,
    packed: Float64Array,
    steps: Steps,
    tree: GrownTree,
  ): [Leaf, Leaf] | undefined {
    const { minLeaf } = this.#limits;
    const column = rows.columns[leaf.place];
    const stretch = [this.#rows, leaf.from, leaf.to, this.#right] as const;
    const middle = leaf.members
      ? partitionBySet(this.#columns, column, leaf.members, ...stretch)
      : leaf.gap < 0
        ? this.#kernels.partition(this.#columns, column, leaf.cut, ...stretch)
        : partitionWithGap(this.#columns, column, leaf.cut, leaf.gap, ...stretch);
    if (middle - leaf.from < minLeaf || leaf.to - middle < minLeaf) {
      this.#scanCounted(rows, leaf, steps);
      return undefined;
    }
    const { node, from, to, leftGradient, leftHessian, histogram } = leaf;
    const next = tree.column.length;
    tree.column[node] = column;
    tree.cut[node] = leaf.cut;
    tree.left[node] = next;
    tree.column.push(-1, -1);
    tree.cut.push(0, 0);
    tree.left.push(0, 0);
    tree.value.push(0, 0);
    if (tree.gap) {
      tree.gap[node] = leaf.gap;
      tree.gap.push(-1, -1);
    }
    if (tree.members) {
      tree.members[node] = leaf.members;
      tree.members.push(null, null);
    }
    const l2 = this.#limits.l2 + leaf.moreL2;
    const depth = leaf.depth + 1;
    const left = leafOf(next, depth, from, middle, leftGradient, leftHessian, l2, minLeaf, this.#zero);
    const right = leafOf(
      next + 1,
      depth,
      middle,
      to,
      leaf.gradient - leftGradient,
      leaf.hessian - leftHessian,
      l2,
      minLeaf,
      this.#zero,
    );
    if (this.#rules) this.#bound(leaf, column, left, right, this.#rules, steps);
    const [small, large] = middle - from < to - middle ? [left, right] : [right, left];
    if (leaves < this.#limits.leaves && this.#mayCut(large)) {
      large.histogram = histogram;
      small.histogram = this.#count(rows, small, packed);
      this.#scan(rows, small, large, steps);
    } else this.#release(histogram);
    return [left, right];
  }

  #mayCut({ from, to, depth, hessian }: Leaf): boolean {
    const { minLeaf, maxDepth } = this.#limits;
    return to - from >= Math.max(2, 2 * minLeaf) && depth < maxDepth && hessian > 0;
  }

  #count(rows: PackedRows, { from, to }: Leaf, packed: Float64Array): Float64Array {
    const histogram = this.#free.pop() ?? this.#kernels.float64(this.#zero.length);
    this.#kernels.fillHistogram(rows, this.#rows, from, to, packed, histogram);
    return histogram;
  }

  #scan(rows: PackedRows, small: Leaf, large: Leaf, steps: Steps): void {
    for (const leaf of [small, large]) {
      const { minLeaf, minChildWeight } = this.#limits;
      leaf.least = this.#mayCut(leaf)
        ? Math.max(minChildWeight * steps.hessian, ((minLeaf - 0.5) * leaf.hessian) / (leaf.to - leaf.from))
        : Infinity;
    }
    // Whole, so that the comparison of cuts is one of integers.
    const l2 = Math.round(this.#limits.l2 * steps.hessian);
    if (this.#rules) {
      subtract(small.histogram, large.histogram);
      for (const leaf of [small, large])
        scanByRules(rows, leaf.histogram, l2, steps.hessian, this.#rules, leaf);
    } else this.#kernels.scanBoth(rows, small.histogram, large.histogram, l2, small, large);
    for (const leaf of [small, large]) {
      if (leaf.gain > 0) continue;
      this.#release(leaf.histogram);
      leaf.histogram = this.#zero;
    }
  }

  /**
   * Looks again, for a cut that leaves enough rows on both sides. A leaf that was given up with its first cut would be
   * given up in all rounds to come, since its gradients stay as they are; of a root that ended the learning.
   */
  #scanCounted(rows: PackedRows, leaf: Leaf, steps: Steps): void {
    if (leaf.counts) {
      leaf.gain = 0;
      return;
    }
    leaf.counts = countRows(rows, this.#rows, leaf.from, leaf.to);
    leaf.least = this.#limits.minChildWeight * steps.hessian;
    const l2 = Math.round(this.#limits.l2 * steps.hessian);
    scanByRules(rows, leaf.histogram, l2, steps.hessian, this.#exact, leaf);
  }

  #release(histogram: Float64Array): void {
    if (histogram !== this.#zero) this.#free.push(histogram);
  }

  /** Children answer within their parent's bounds; of a feature with a direction, either side of the middle too. */
  #bound(
    leaf: Leaf,
    column: number,
    left: Leaf,
    right: Leaf,
    { direction, missing }: Rules,
    steps: Steps,
  ): void {
    const { low, high } = leaf;
    Object.assign(left, { low, high });
    Object.assign(right, { low, high });
    const sign = direction[column];
    const values = this.#columns.binsOf[column] - (missing[column] < 0 ? 0 : 1);
    // A cut behind all values parts the missing ones from them, whichever answers more.
    if (sign === 0 || leaf.cut === values - 1) return;
    const l2 = Math.round(this.#limits.l2 * steps.hessian);
    const answerOf = ({ gradient, hessian }: Leaf) =>
      Math.max(low, Math.min(high, -gradient / (hessian + l2)));
    const middle = (answerOf(left) + answerOf(right)) / 2;
    const [lower, upper] = sign > 0 ? [left, right] : [right, left];
    lower.high = middle;
    upper.low = middle;
  }
}

function leafOf(
  node: number,
  depth: number,
  from: number,
  to: number,
  gradient: number,
  hessian: number,
  l2: number,
  minLeaf: number,
  histogram: Float64Array,
): Leaf {
  return {
    rows: to - from,
    counts: null,
    minLeaf,
    gradient,
    hessian,
    least: 0,
    gain: 0,
    place: 0,
    cut: 0,
    gap: -1,
    members: null,
    moreL2: 0,
    low: -Infinity,
    high: Infinity,
    leftGradient: 0,
    leftHessian: 0,
    node,
    depth,
    from,
    to,
    l2,
    histogram,
  };
}

/** The first on ties; -1 where no leaf gains. */
function mostGaining(leaves: readonly Leaf[]): number {
  let index = -1;
  let most = 0;
  leaves.forEach(({ gain }, i) => {
    if (gain > most) {
      most = gain;
      index = i;
    }
  });
  return index;
}
