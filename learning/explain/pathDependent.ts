import { depthOf, follow, type TreeSet } from './treeSet.ts';

/**
 * Exact Shapley values of trees without a background: at a cut on a feature outside of a coalition both ways are gone,
 * each by its share of the training rows (path-dependent TreeSHAP; Lundberg, Erion and Lee, "Consistent individualized
 * feature attribution for tree ensembles", 2018, algorithm 2; Nature Machine Intelligence 2, 2020, algorithm 2).
 * O(leaves depth^2) a tree and row.
 *
 * The path to a node is a list of its features, each with the share of the rows that passes it when the feature is out
 * of the coalition (`zero`) and in it (`one`), and with the weights of the coalitions of each size. A copy for each
 * level of the tree lies behind that of the level above.
 */
export class PathDependent {
  readonly #trees: TreeSet;
  readonly #covers: Float64Array;
  readonly #feature: Int32Array;
  readonly #zero: Float64Array;
  readonly #one: Float64Array;
  readonly #weight: Float64Array;
  #x: ArrayLike<number> = [];
  #at = 0;
  #into: Float64Array = new Float64Array();

  /** @param covers [nodes], as of `coversOf` */
  constructor(trees: TreeSet, covers: Float64Array) {
    this.#trees = trees;
    this.#covers = covers;
    const longest = depthOf(trees) + 2;
    const room = (longest * (longest + 1)) / 2 + longest;
    this.#feature = new Int32Array(room);
    this.#zero = new Float64Array(room);
    this.#one = new Float64Array(room);
    this.#weight = new Float64Array(room);
  }

  /** [width]: the mean answer over the rows of the covers. Contributions add up to what a row's answer is beyond it. */
  base(): Float64Array {
    const { roots, feature, whenTrue, whenFalse, values, width } = this.#trees;
    const base = new Float64Array(width);
    const waiting: number[] = [];
    for (const root of roots) {
      waiting.push(root, 1);
      while (waiting.length > 0) {
        const share = waiting.pop() as number;
        const node = waiting.pop() as number;
        if (feature[node] < 0) {
          for (let k = 0; k < width; k++) base[k] += share * values[whenTrue[node] * width + k];
          continue;
        }
        for (const child of [whenTrue[node], whenFalse[node]])
          waiting.push(child, share * this.#share(node, child));
      }
    }
    return base;
  }

  /** Adds what each feature contributes, [features, width]. @param at of the row's first feature */
  add(x: ArrayLike<number>, at: number, into: Float64Array): void {
    this.#x = x;
    this.#at = at;
    this.#into = into;
    for (const root of this.#trees.roots) this.#visit(root, 0, 0, 1, 1, -1);
  }

  /**
   * @param parent where the path of the level above begins; @param length of that path
   * @param zero, one, feature the element that leads here
   */
  #visit(node: number, parent: number, length: number, zero: number, one: number, feature: number): void {
    // What no row passes either way adds to no coalition.
    if (zero === 0 && one === 0) return;
    const trees = this.#trees;
    const path = parent + length;
    for (let i = 0; i < length; i++) {
      this.#feature[path + i] = this.#feature[parent + i];
      this.#zero[path + i] = this.#zero[parent + i];
      this.#one[path + i] = this.#one[parent + i];
      this.#weight[path + i] = this.#weight[parent + i];
    }
    this.#extend(path, length, zero, one, feature);
    const split = trees.feature[node];
    if (split < 0) return this.#arrive(node, path, length);

    let last = length;
    let zeroBefore = 1;
    let oneBefore = 1;
    // A feature that was cut before keeps one element, of both cuts.
    let known = 1;
    while (known <= last && this.#feature[path + known] !== split) known++;
    if (known <= last) {
      zeroBefore = this.#zero[path + known];
      oneBefore = this.#one[path + known];
      this.#unwind(path, last, known);
      last--;
    }
    const hot = follow(trees, node, this.#x[this.#at + split]);
    const cold = hot === trees.whenTrue[node] ? trees.whenFalse[node] : trees.whenTrue[node];
    this.#visit(hot, path, last + 1, zeroBefore * this.#share(node, hot), oneBefore, split);
    this.#visit(cold, path, last + 1, zeroBefore * this.#share(node, cold), 0, split);
  }

  /** Of a node that no row came by, half goes either way. */
  #share(node: number, child: number): number {
    return this.#covers[node] > 0 ? this.#covers[child] / this.#covers[node] : 0.5;
  }

  #arrive(node: number, path: number, last: number): void {
    const { width, whenTrue, values } = this.#trees;
    const leaf = whenTrue[node] * width;
    for (let i = 1; i <= last; i++) {
      const weight = this.#unwoundSum(path, last, i) * (this.#one[path + i] - this.#zero[path + i]);
      const at = this.#feature[path + i] * width;
      for (let k = 0; k < width; k++) this.#into[at + k] += weight * values[leaf + k];
    }
  }

  #extend(path: number, last: number, zero: number, one: number, feature: number): void {
    const weight = this.#weight;
    this.#feature[path + last] = feature;
    this.#zero[path + last] = zero;
    this.#one[path + last] = one;
    weight[path + last] = last === 0 ? 1 : 0;
    for (let i = last - 1; i >= 0; i--) {
      weight[path + i + 1] += (one * weight[path + i] * (i + 1)) / (last + 1);
      weight[path + i] = (zero * weight[path + i] * (last - i)) / (last + 1);
    }
  }

  #unwind(path: number, last: number, index: number): void {
    const weight = this.#weight;
    const one = this.#one[path + index];
    const zero = this.#zero[path + index];
    let next = weight[path + last];
    for (let i = last - 1; i >= 0; i--) {
      if (one === 0) {
        weight[path + i] = (weight[path + i] * (last + 1)) / (zero * (last - i));
        continue;
      }
      const before = weight[path + i];
      weight[path + i] = (next * (last + 1)) / ((i + 1) * one);
      next = before - (weight[path + i] * zero * (last - i)) / (last + 1);
    }
    for (let i = index; i < last; i++) {
      this.#feature[path + i] = this.#feature[path + i + 1];
      this.#zero[path + i] = this.#zero[path + i + 1];
      this.#one[path + i] = this.#one[path + i + 1];
    }
  }

  /** The sum of the weights as they were without an element. */
  #unwoundSum(path: number, last: number, index: number): number {
    const weight = this.#weight;
    const one = this.#one[path + index];
    const zero = this.#zero[path + index];
    let next = weight[path + last];
    let total = 0;
    for (let i = last - 1; i >= 0; i--) {
      if (one === 0) {
        total += weight[path + i] / (zero * (last - i));
        continue;
      }
      const part = next / ((i + 1) * one);
      total += part;
      next = weight[path + i] - part * zero * (last - i);
    }
    return total * (last + 1);
  }
}
