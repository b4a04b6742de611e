import type { Sample } from './sample.ts';

/** A cut found in a histogram: rows whose bin of `feature` is at most `cut`, or one of `members`, go left. */
export interface Split {
  feature: number;
  cut: number;
  /** Of a cut of categories those that go left, ascending; null: `cut` decides. Criteria without categories leave it. */
  members: Uint8Array | null;
  /** The score is numerator / denominator, larger is better; -1 / 1 while there is no cut. Compared by products. */
  numerator: number;
  denominator: number;
  /** Where rows whose value is missing go. */
  missingLeft: boolean;
  /** The criterion's totals of the rows that go left. */
  left: Float64Array;
}

/**
 * What a tree minimises, over histograms of up to GROUP features at a time: `fill` counts the rows of a node,
 * `scan` looks for the best cut of one of the features and leaves its histogram empty.
 */
export interface Criterion {
  /** Numbers in a node's totals. The first is how many rows were drawn. */
  readonly width: number;
  /** Writes the totals of a whole sample. */
  total(sample: Sample, totals: Float64Array): void;
  /** True where no cut can improve the node. */
  isPure(sample: Sample, from: number, to: number, totals: Float64Array): boolean;
  /** Counts the rows from..to of the sample for `count` features. */
  fill(sample: Sample, from: number, to: number, features: Int32Array, first: number, count: number): void;
  /** Improves `best` by the best cut of the feature in `slot`, both sides having at least `minLeaf` drawn rows. */
  scan(slot: number, feature: number, totals: Float64Array, minLeaf: number, best: Split): void;
  /**
   * The same by one cut alone, which `choose` picks where rows lie in bins lowest < highest and in between:
   * lowest <= cut < highest; `toss` picks the side of missing values, and of every category. A feature whose rows share a bin is left out.
   */
  scanChosen(
    slot: number,
    feature: number,
    totals: Float64Array,
    minLeaf: number,
    best: Split,
    choose: (lowest: number, highest: number) => number,
    toss: () => boolean,
  ): void;
  /** Writes the leaf's values for the rows from..to. */
  leaf(sample: Sample, from: number, to: number, totals: Float64Array, values: Int32Array, at: number): void;
}

/** Features counted in one pass over a node's rows: a row's bins share a cache line, so the pass costs one miss. */
export const GROUP = 4;

/** Nodes with fewer rows note which bins they touched, instead of clearing and scanning all 256. */
export const SPARSE_ROWS = 256;
