import { BINS, type Columns } from './packedBins.ts';

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
  /** Per node: the bins that go left in place of those up to `cut`, or null; absent: nowhere. */
  members?: (Uint8Array | null)[];
}

/** Adds the tree's answers to the scores of some positions. @param offset of the first position in `scores` */
export function addAnswers(
  tree: GrownTree,
  table: Columns,
  positions: Int32Array,
  scores: Float64Array,
  offset: number,
): void {
  if (tree.members) return addAnswersBySets(tree, tree.members, table, positions, scores, offset);
  const { column, cut, left, value, gap } = tree;
  const { bins, length } = table;
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

function addAnswersBySets(
  { column, cut, left, value, gap }: GrownTree,
  members: readonly (Uint8Array | null)[],
  { bins, length }: Columns,
  positions: Int32Array,
  scores: Float64Array,
  offset: number,
): void {
  // By node and bin: 1 where it goes right.
  const ways = column.map((_, node) => {
    const set = members[node];
    const goesRight = (bin: number) => (set ? !set.includes(bin) : bin > cut[node] && bin !== gap?.[node]);
    return Uint8Array.from({ length: column[node] < 0 ? 0 : BINS }, (_bin, bin) => Number(goesRight(bin)));
  });
  for (const position of positions) {
    let node = 0;
    for (let c = column[0]; c >= 0; c = column[node])
      node = left[node] + ways[node][bins[c * length + position]];
    scores[offset + position] += value[node];
  }
}
