/**
 * Trees as explanations read them, of whatever learner or library. All nodes stand in one list; how a cut compares and
 * where a missing value goes is told node by node, so trees with default directions are followed like any others.
 */
export interface TreeSet {
  /** Numbers that a leaf adds. */
  width: number;
  /** First node of each tree. */
  roots: Int32Array;
  /** Per node: the feature that is compared, or -1 for a leaf. */
  feature: Int32Array;
  /** What it is compared with; of a comparison IN, the number of a set in `sets`. */
  threshold: Float64Array;
  /** Per node, one of COMPARISONS. */
  comparison: Uint8Array;
  /** Per node: 1 where a missing value (NaN) goes the way of a comparison that holds. */
  missingHolds: Uint8Array;
  /** Those that IN asks for. */
  sets: readonly ReadonlySet<number>[];
  /** Per node: where a row goes whose comparison holds; of a leaf, its place in `values`. */
  whenTrue: Int32Array;
  whenFalse: Int32Array;
  /** [leaves, width] */
  values: Float64Array;
}

/** Those of ai.onnx.ml's TreeEnsemble, the most frequent first. */
export const COMPARISONS = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ'] as const;

/** Of a chain of EQ that all lead to the same node where one of them holds. */
export const IN = COMPARISONS.length;

/** The next node of a row whose feature has this value. */
export function follow(trees: TreeSet, node: number, value: number): number {
  const threshold = trees.threshold[node];
  const comparison = trees.comparison[node];
  // Most cuts compare so.
  if (comparison === 0 && value <= threshold) return trees.whenTrue[node];
  if (comparison === 0 && value > threshold) return trees.whenFalse[node];
  if (comparison === IN)
    return trees.sets[threshold].has(value) ? trees.whenTrue[node] : trees.whenFalse[node];
  return holds(comparison, value, threshold, trees.missingHolds[node])
    ? trees.whenTrue[node]
    : trees.whenFalse[node];
}

function holds(comparison: number, value: number, threshold: number, missingHolds: number): boolean {
  if (Number.isNaN(value)) return missingHolds === 1 || comparison === 5;
  switch (comparison) {
    case 1:
      return value < threshold;
    case 2:
      return value >= threshold;
    case 3:
      return value > threshold;
    case 4:
      return value === threshold;
    default:
      return value !== threshold;
  }
}

/** Adds a row's leaves to `into`, [width]. @param at of the row's first feature in `x` */
export function addLeaves(trees: TreeSet, x: ArrayLike<number>, at: number, into: Float64Array): void {
  const { roots, feature, whenTrue, values, width } = trees;
  for (const root of roots) {
    let node = root;
    while (feature[node] >= 0) node = follow(trees, node, x[at + feature[node]]);
    for (let k = 0, v = whenTrue[node] * width; k < width; k++, v++) into[k] += values[v];
  }
}

/** How many different features the longest way to a leaf compares, at the most: its length. */
export function depthOf({ roots, feature, whenTrue, whenFalse }: TreeSet): number {
  let deepest = 0;
  const waiting: number[] = [];
  for (const root of roots) {
    waiting.push(root, 0);
    while (waiting.length > 0) {
      const depth = waiting.pop() as number;
      const node = waiting.pop() as number;
      if (feature[node] < 0) deepest = Math.max(deepest, depth);
      else waiting.push(whenTrue[node], depth + 1, whenFalse[node], depth + 1);
    }
  }
  return deepest;
}
