import { depthOf, follow, type TreeSet } from './treeSet.ts';

export interface Interventional {
  /**
   * Adds what each feature contributes to f(x) - f(z).
   *
   * @param xAt, zAt of the rows' first features
   * @param into [features, width]
   * @param from, to (excluded): the trees that are asked; all when absent
   */
  add(
    x: ArrayLike<number>,
    xAt: number,
    z: ArrayLike<number>,
    zAt: number,
    into: Float64Array,
    from?: number,
    to?: number,
  ): void;
  /** Nodes looked at so far: what the work is measured by where a clock would not give the same result twice. */
  readonly visits: number;
}

/**
 * Exact Shapley values of trees against rows of a background: features outside of a coalition are read from the
 * background's row (interventional TreeSHAP; Lundberg et al., "From local explanations to global understanding with
 * explainable AI for trees", Nature Machine Intelligence 2, 2020, algorithm 3). Where both rows go the same way there is
 * nothing to decide, so of a tree only the ways between the two rows are walked.
 *
 * A leaf that u features of the row and v of the background lead to adds value (u-1)! v! / (u+v)! to each of the first
 * and takes value u! (v-1)! / (u+v)! from each of the others.
 *
 * @param features of a row
 */
export function interventional(trees: TreeSet, features: number): Interventional {
  // A closure and no class: these are read at every node.
  const { roots, feature, width, values, whenTrue } = trees;
  const deepest = Math.min(features, depthOf(trees));
  const side = deepest + 1;
  const weights = weightsUpTo(deepest);
  /** Per feature: whose value the way so far has taken it from. */
  const taken = new Uint8Array(features);
  /** [levels, width]: what the leaves below add to a feature of the row, and take from one of the background. */
  const gains = new Float64Array(side * width);
  const losses = new Float64Array(side * width);
  let visits = 0;
  let x: ArrayLike<number> = [];
  let xAt = 0;
  let z: ArrayLike<number> = [];
  let zAt = 0;
  let into: Float64Array = gains;

  /** @param u, v features taken from the row and from the background; u + v is the level */
  function visit(start: number, u: number, v: number): void {
    let node = start;
    visits++;
    for (let f = feature[node]; f >= 0; f = feature[node]) {
      visits++;
      const from = taken[f];
      if (from === FROM_Z) {
        node = follow(trees, node, z[zAt + f]);
        continue;
      }
      const byX = follow(trees, node, x[xAt + f]);
      if (from === 0) {
        const byZ = follow(trees, node, z[zAt + f]);
        if (byZ !== byX) return decide(f, byX, byZ, u, v);
      }
      node = byX;
    }
    const gain = weights[u * side + v];
    const loss = weights[v * side + u];
    const own = (u + v) * width;
    for (let k = 0, at = whenTrue[node] * width; k < width; k++, at++) {
      gains[own + k] = gain * values[at];
      losses[own + k] = loss * values[at];
    }
  }

  /** The rows part at a feature: both ways are gone, and each says what the feature is worth on it. */
  function decide(f: number, byX: number, byZ: number, u: number, v: number): void {
    const own = (u + v) * width;
    const below = own + width;
    taken[f] = FROM_X;
    visit(byX, u + 1, v);
    for (let k = 0; k < width; k++) {
      into[f * width + k] += gains[below + k];
      gains[own + k] = gains[below + k];
      losses[own + k] = losses[below + k];
    }
    taken[f] = FROM_Z;
    visit(byZ, u, v + 1);
    for (let k = 0; k < width; k++) {
      into[f * width + k] -= losses[below + k];
      gains[own + k] += gains[below + k];
      losses[own + k] += losses[below + k];
    }
    taken[f] = 0;
  }

  return {
    add(row, rowAt, other, otherAt, sums, from = 0, to = roots.length) {
      x = row;
      xAt = rowAt;
      z = other;
      zAt = otherAt;
      into = sums;
      for (let tree = from; tree < to; tree++) visit(roots[tree], 0, 0);
    },
    get visits() {
      return visits;
    },
  };
}

const FROM_X = 1;
const FROM_Z = 2;

/** (u-1)! v! / (u+v)! = 1 / (u C(u+v, u)) by u and v; 0 where u is 0. */
function weightsUpTo(most: number): Float64Array {
  const side = most + 1;
  const weights = new Float64Array(side * side);
  for (let u = 1; u <= most; u++) {
    let choices = 1;
    for (let v = 0; u + v <= most; v++) {
      weights[u * side + v] = 1 / (u * choices);
      choices = (choices * (u + v + 1)) / (v + 1);
    }
  }
  return weights;
}
