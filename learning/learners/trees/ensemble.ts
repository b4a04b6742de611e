/**
 * Trees with integer leaves, whose sums are exact in float32 in any order: what this project answers and what
 * ONNX Runtime answers is then the same to the bit (see leaves.ts).
 */
export interface TreeEnsemble {
  /** Integers a leaf adds to the sums: the classes, or 2 for regression (high and low part). */
  outputs: number;
  /** First node of each tree. */
  roots: Int32Array;
  /** Per node: the feature that is compared, or -1 for a leaf. */
  feature: Int32Array;
  /** Per node: a row goes left where x[feature] <= threshold. */
  threshold: Float32Array;
  /** Per node: 1 where a row whose feature is NaN goes left too; absent: it goes right everywhere. */
  missingLeft?: Uint8Array;
  /** Cuts by sets; absent: there is none. */
  sets?: CategorySets;
  /** Per node: the left child, whose neighbour is the right one; of a leaf, the position of its first value. */
  next: Int32Array;
  /** [leaves, outputs]. */
  values: Int32Array;
}

/** Categories 1 to 255 as bits: number n is bit n % 32 of word n / 32. */
export interface CategorySets {
  /** Per node: where its set begins in `words`, or -1 where it compares with its threshold. A row of the set goes left. */
  at: Int32Array;
  /** [sets, SET_WORDS] */
  words: Int32Array;
}

export const SET_WORDS = 8;

/** One tree by itself, as the arrays of an ensemble, which may be longer than its `nodes`. */
export interface GrownTree extends Pick<TreeEnsemble, 'feature' | 'threshold' | 'next'> {
  nodes: number;
}

/** Joins ensembles in order. */
export function joinEnsembles(parts: readonly TreeEnsemble[]): TreeEnsemble {
  if (parts.length === 1) return parts[0];
  const count = (of: (part: TreeEnsemble) => ArrayLike<number>) =>
    parts.reduce((n, part) => n + of(part).length, 0);
  const nodes = count((part) => part.feature);
  const joined: TreeEnsemble = {
    outputs: parts[0].outputs,
    roots: new Int32Array(count((part) => part.roots)),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    next: new Int32Array(nodes),
    values: new Int32Array(count((part) => part.values)),
    ...(parts[0].missingLeft ? { missingLeft: new Uint8Array(nodes) } : {}),
  };
  let tree = 0;
  let node = 0;
  let value = 0;
  let words = 0;
  if (parts.some((part) => part.sets))
    joined.sets = {
      at: new Int32Array(nodes).fill(-1),
      words: new Int32Array(count((part) => part.sets?.words ?? [])),
    };
  for (const part of parts) {
    for (const root of part.roots) joined.roots[tree++] = root + node;
    joined.feature.set(part.feature, node);
    joined.threshold.set(part.threshold, node);
    if (part.missingLeft) joined.missingLeft?.set(part.missingLeft, node);
    for (let i = 0; i < part.next.length; i++)
      joined.next[node + i] = part.next[i] + (part.feature[i] < 0 ? value : node);
    joined.values.set(part.values, value);
    if (joined.sets) words = copySets(part, joined.sets, node, words);
    node += part.feature.length;
    value += part.values.length;
  }
  return joined;
}

function copySets({ sets }: TreeEnsemble, into: CategorySets, node: number, words: number): number {
  if (!sets) return words;
  sets.at.forEach((at, i) => (into.at[node + i] = at < 0 ? -1 : words + at));
  into.words.set(sets.words, words);
  return words + sets.words.length;
}

/** Collects nodes in arrays that grow. */
export class EnsembleBuilder {
  readonly #outputs: number;
  readonly #roots: number[] = [];
  #feature = new Int32Array(1024);
  #threshold = new Float32Array(1024);
  #missingLeft = new Uint8Array(1024);
  readonly #gaps: boolean;
  #next = new Int32Array(1024);
  /** By node, where its set begins among the words. */
  readonly #setAt = new Map<number, number>();
  readonly #words: number[] = [];
  #nodes = 0;
  #used = 0;
  /** Values of the leaves; replaced when it grows, so read it after `leaf`. */
  values: Int32Array;

  /** @param gaps whether the trees say where rows with missing values go */
  constructor(outputs: number, gaps = false) {
    this.#outputs = outputs;
    this.#gaps = gaps;
    this.values = new Int32Array(512 * outputs);
  }

  /** Begins a tree; returns its root, which is still to become a split or a leaf. */
  root(): number {
    this.#reserve(1);
    this.#roots.push(this.#nodes);
    return this.#nodes++;
  }

  /** Makes the node a split and returns its left child; the right child follows it. */
  split(node: number, feature: number, threshold: number, missingLeft = false): number {
    this.#reserve(2);
    const left = this.#nodes;
    this.#feature[node] = feature;
    this.#threshold[node] = threshold;
    this.#missingLeft[node] = Number(missingLeft);
    this.#next[node] = left;
    this.#nodes += 2;
    return left;
  }

  /** Makes the node a split whose left child has the rows of some categories, and returns that child. */
  splitBySet(node: number, feature: number, categories: Uint8Array): number {
    const words = new Array<number>(SET_WORDS).fill(0);
    for (const category of categories) words[category >> 5] |= 1 << (category & 31);
    this.#setAt.set(node, this.#words.length);
    this.#words.push(...words);
    return this.split(node, feature, 0);
  }

  /** Makes the node a leaf and returns where its `outputs` values are to be written. */
  leaf(node: number): number {
    const at = this.#used;
    this.#reserveValues(this.#outputs);
    this.#feature[node] = -1;
    this.#next[node] = at;
    return at;
  }

  /**
   * Adds a whole tree, whose `next` counts from its own root, or of a leaf its own first value, on.
   *
   * @param write writes the values of the leaf whose `next` is `leaf` to `values` from `at` on
   */
  add(
    { nodes, feature, threshold, next }: GrownTree,
    write: (leaf: number, values: Int32Array, at: number) => void,
  ): void {
    this.#reserve(nodes);
    const first = this.#nodes;
    this.#roots.push(first);
    this.#nodes += nodes;
    this.#feature.set(feature.subarray(0, nodes), first);
    this.#threshold.set(threshold.subarray(0, nodes), first);
    const value = this.#used;
    this.#reserveValues(((nodes + 1) / 2) * this.#outputs);
    for (let node = 0; node < nodes; node++) {
      const leaf = feature[node] < 0;
      this.#next[first + node] = next[node] + (leaf ? value : first);
      if (leaf) write(next[node], this.values, value + next[node]);
    }
  }

  finish(): TreeEnsemble {
    return {
      outputs: this.#outputs,
      roots: Int32Array.from(this.#roots),
      feature: this.#feature.slice(0, this.#nodes),
      threshold: this.#threshold.slice(0, this.#nodes),
      ...(this.#gaps ? { missingLeft: this.#missingLeft.slice(0, this.#nodes) } : {}),
      ...(this.#setAt.size > 0 ? { sets: this.#sets() } : {}),
      next: this.#next.slice(0, this.#nodes),
      values: this.values.slice(0, this.#used),
    };
  }

  #sets(): CategorySets {
    const at = new Int32Array(this.#nodes).fill(-1);
    for (const [node, start] of this.#setAt) at[node] = start;
    return { at, words: Int32Array.from(this.#words) };
  }

  #reserveValues(more: number): void {
    this.#used += more;
    if (this.#used <= this.values.length) return;
    const wider = new Int32Array(Math.max(2 * this.values.length, this.#used));
    wider.set(this.values);
    this.values = wider;
  }

  #reserve(more: number): void {
    if (this.#nodes + more <= this.#feature.length) return;
    const length = Math.max(2 * this.#feature.length, this.#nodes + more);
    const feature = new Int32Array(length);
    const threshold = new Float32Array(length);
    const missingLeft = new Uint8Array(length);
    const next = new Int32Array(length);
    feature.set(this.#feature);
    threshold.set(this.#threshold);
    missingLeft.set(this.#missingLeft);
    next.set(this.#next);
    this.#feature = feature;
    this.#threshold = threshold;
    this.#missingLeft = missingLeft;
    this.#next = next;
  }
}
