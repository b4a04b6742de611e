import type { Columns } from './packedBins.ts';

/** A tree over bins, before its leaves are written as integers. */
export interface GrownTree {
  /** Per node: the column that is compared, or -1 for a leaf. */
  column: number[];
  /** Per node: bins up to this one go left. */
  cut: number[];
  /** Per node: the left child, whose neighbour is the right one. */
  left: number[];
  /** Per node: what a leaf adds to the score. */
  value: number[];
  /** Per node: the bin of missing values where these go left in spite of the cut, else -1; absent: nowhere. */
  gap?: number[];
}

/** Adds the tree's answers to the scores of some positions. @param offset of the first position in `scores` */
export function addAnswers(
  { column, cut, left, value, gap }: GrownTree,
  { bins, length }: Columns,
  positions: Int32Array,
  scores: Float64Array,
  offset: number,
): void {
  const columns = Int32Array.from(column);
  const cuts = Int32Array.from(cut);
  const lefts = Int32Array.from(left);
  const gaps = gap ? Int32Array.from(gap) : new Int32Array(column.length).fill(-1);
  for (const position of positions) {
    let node = 0;
    for (let c = columns[0]; c >= 0; c = columns[node]) {
      const bin = bins[c * length + position];
      node = lefts[node] + (bin > cuts[node] && bin !== gaps[node] ? 1 : 0);
    }
    scores[offset + position] += value[node];
  }
}
