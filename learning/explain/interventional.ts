import { depthOf, follow, type TreeSet } from './treeSet.ts';

/**
 * Exact Shapley values of trees against rows of a background: features outside of a coalition are read from the
 * background's row (interventional TreeSHAP; Lundberg et al., "From local explanations to global understanding with
 * explainable AI for trees", Nature Machine Intelligence 2, 2020, algorithm 3). Where both rows go the same way there is
 * nothing to decide, so of a tree only the ways between the two rows are walked.
 *
 * A leaf that u features of the row and v of the background lead to adds value (u-1)! v! / (u+v)! to each of the first
 * and takes value u! (v-1)! / (u+v)! from each of the others.
 */
export class Interventional {
  readonly #trees: TreeSet;
  /** Per feature: whose value the way so far has taken it from. */
  readonly #taken: Uint8Array;
  /** [side, side]: (u-1)! v! / (u+v)!; the other weight is that of v and u. */
  readonly #weights: Float64Array;
  readonly #side: number;
  /** [levels, width]: what the leaves below add to a feature of the row, and take from one of the background. */
  readonly #gains: Float64Array;
  readonly #losses: Float64Array;
  #x: ArrayLike<number> = [];
  #xAt = 0;
  #z: ArrayLike<number> = [];
  #zAt = 0;
  #into: Float64Array = new Float64Array();

  /** @param features of a row */
  constructor(trees: TreeSet, features: number) {
    this.#trees = trees;
    this.#taken = new Uint8Array(features);
    const deepest = Math.min(features, depthOf(trees));
    this.#side = deepest + 1;
    this.#weights = weightsUpTo(deepest);
    this.#gains = new Float64Array((deepest + 1) * trees.width);
    this.#losses = new Float64Array((deepest + 1) * trees.width);
  }

  /**
   * Adds what each feature contributes to f(x) - f(z).
   *
   * @param xAt, zAt of the rows' first features
   * @param into [features, width]
   */
  add(x: ArrayLike<number>, xAt: number, z: ArrayLike<number>, zAt: number, into: Float64Array): void {
    this.#x = x;
    this.#xAt = xAt;
    this.#z = z;
    this.#zAt = zAt;
    this.#into = into;
    for (const root of this.#trees.roots) this.#visit(root, 0, 0);
  }

  /** @param u, v features taken from the row and from the background; u + v is the level */
  #visit(start: number, u: number, v: number): void {
    const trees = this.#trees;
    const { width, values } = trees;
    const own = (u + v) * width;
    let node = start;
    for (let f = trees.feature[node]; f >= 0; f = trees.feature[node]) {
      const taken = this.#taken[f];
      if (taken === FROM_Z) {
        node = follow(trees, node, this.#z[this.#zAt + f]);
        continue;
      }
      const byX = follow(trees, node, this.#x[this.#xAt + f]);
      if (taken === 0) {
        const byZ = follow(trees, node, this.#z[this.#zAt + f]);
        if (byZ !== byX) return this.#decide(f, byX, byZ, u, v);
      }
      node = byX;
    }
    const gain = this.#weights[u * this.#side + v];
    const loss = this.#weights[v * this.#side + u];
    for (let k = 0, at = trees.whenTrue[node] * width; k < width; k++, at++) {
      this.#gains[own + k] = gain * values[at];
      this.#losses[own + k] = loss * values[at];
    }
  }

  /** The rows part at a feature: both ways are gone, and each says what the feature is worth on it. */
  #decide(feature: number, byX: number, byZ: number, u: number, v: number): void {
    const { width } = this.#trees;
    const own = (u + v) * width;
    const below = own + width;
    const gains = this.#gains;
    const losses = this.#losses;
    const into = this.#into;
    this.#taken[feature] = FROM_X;
    this.#visit(byX, u + 1, v);
    for (let k = 0; k < width; k++) {
      into[feature * width + k] += gains[below + k];
      gains[own + k] = gains[below + k];
      losses[own + k] = losses[below + k];
    }
    this.#taken[feature] = FROM_Z;
    this.#visit(byZ, u, v + 1);
    for (let k = 0; k < width; k++) {
      into[feature * width + k] -= losses[below + k];
      gains[own + k] += gains[below + k];
      losses[own + k] += losses[below + k];
    }
    this.#taken[feature] = 0;
  }
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
