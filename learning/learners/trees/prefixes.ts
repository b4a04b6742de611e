import { deriveSeed, Random } from '../../rng.ts';
import type { Problem } from '../../types.ts';
import { weightsOf } from '../weights.ts';
import { SET_WORDS, type CategorySets, type TreeEnsemble } from './ensemble.ts';
import { fitTrees, type TreeSettings } from './fit.ts';
import { leafBits, leafScale, writeValue, writeVotes, type LeafScale } from './leaves.ts';
import type { TreeModel } from './model.ts';
import { sumLeaves } from './predictor.ts';
import { allocateSample, bootstrap, CLASS_BITS, CLASS_MASK, takeAll, type Sample } from './sample.ts';

/**
 * Forests of several sizes by one fit of the largest, each the same to the bit as a fit of its own. A tree depends on
 * the seed and its number, so a smaller forest has the first trees of a larger one; only the integers of its leaves are
 * finer (see leaves.ts), and these are written anew from the rows that each tree grew on.
 *
 * @param members in any order, which differ only in their trees
 */
export function fitTreePrefixes(
  problem: Problem,
  members: readonly TreeSettings[],
  seed: number,
): TreeModel[] {
  const largestSettings = members.reduce((a, b) => (b.trees > a.trees ? b : a));
  // Sums of weights of their own depend on the order in which they are taken.
  if (weightsOf(problem, largestSettings.classWeight))
    return members.map((settings) => fitTrees(problem, settings, seed, 0, settings.trees));
  const largest = fitTrees(problem, largestSettings, seed, 0, largestSettings.trees);
  const smaller = [...new Set(members.map(({ trees }) => trees))].filter((n) => n < largest.trees);
  const leaves = smaller.map((trees) => leavesOf(problem, largest, trees));
  const sample = allocateSample(problem.train.length);
  const counts = new Int32Array(problem.train.length);
  const most = Math.max(0, ...smaller);
  for (let tree = 0; tree < most; tree++) {
    drawRows(problem, largestSettings, deriveSeed(seed, 'tree', tree), counts, sample);
    const wanted = leaves.filter(({ trees }) => tree < trees);
    writeTree(problem, largest, tree, sample, wanted);
  }
  return members.map(({ trees }) => {
    const of = leaves.find((candidate) => candidate.trees === trees);
    return of ? prefixOf(largest, of) : largest;
  });
}

/** The leaves of one of the smaller forests, as many as it has. */
interface Leaves {
  trees: number;
  scale?: LeafScale;
  values: Int32Array;
}

function leavesOf({ y, train, task }: Problem, { ensemble }: TreeModel, trees: number): Leaves {
  const values = new Int32Array(valuesOf(ensemble, trees));
  if (task !== 'regression') return { trees, values };
  let lowest = Infinity;
  let highest = -Infinity;
  for (const row of train) {
    lowest = Math.min(lowest, y[row]);
    highest = Math.max(highest, y[row]);
  }
  return { trees, values, scale: leafScale(trees, lowest, highest) };
}

/** The rows that this tree of a fit grew on. */
function drawRows(
  { train, y, task }: Problem,
  { rowShare }: TreeSettings,
  seed: number,
  counts: Int32Array,
  sample: Sample,
): void {
  const classOf = task === 'regression' ? () => 0 : (row: number) => y[row];
  if (rowShare === undefined) return takeAll(train, classOf, sample);
  const draws = Math.max(1, Math.round(rowShare * train.length));
  bootstrap(train, classOf, draws, new Random(seed), counts, sample);
}

/** Sums the rows of each leaf of a tree, in their order as growing does, and writes it for every forest that has the tree. */
function writeTree(
  { x, y, columns, task }: Problem,
  { ensemble }: TreeModel,
  tree: number,
  { rows, codes, length }: Sample,
  forests: readonly Leaves[],
): void {
  const { outputs } = ensemble;
  const base = forests[0].scale?.base ?? 0;
  const { alone, from, count } = singled(ensemble, tree);
  const leaves = sumLeaves(alone, x, columns, rows.subarray(0, length));
  const sums = new Float64Array(count);
  for (let i = 0; i < length; i++) {
    const drawn = codes[i] >>> CLASS_BITS;
    const leaf = leaves[i];
    if (task !== 'regression') sums[leaf + (codes[i] & CLASS_MASK)] += drawn;
    else {
      sums[leaf] += drawn;
      sums[leaf + 1] += drawn * (y[rows[i]] - base);
    }
  }
  for (const { trees, scale, values } of forests) {
    const bits = leafBits(trees);
    for (let leaf = 0; leaf < sums.length; leaf += outputs) {
      if (scale) writeValue(scale.base + sums[leaf + 1] / sums[leaf], scale, values, from + leaf);
      else writeVotes(sums, leaf, outputs, bits, values, from + leaf);
    }
  }
}

/**
 * One tree of an ensemble by itself, in arrays no longer than it: each of its leaves answers how far its values stand
 * behind those of the tree's first leaf, which are at `from`.
 */
function singled(ensemble: TreeEnsemble, tree: number): { alone: TreeEnsemble; from: number; count: number } {
  const { roots, feature, threshold, next, missingLeft, sets, outputs } = ensemble;
  const root = roots[tree];
  const end = tree + 1 < roots.length ? roots[tree + 1] : feature.length;
  let from = Infinity;
  let leaves = 0;
  for (let node = root; node < end; node++) {
    if (feature[node] >= 0) continue;
    from = Math.min(from, next[node]);
    leaves++;
  }
  const count = leaves * outputs;
  const own = feature.subarray(root, end);
  const alone: TreeEnsemble = {
    outputs: 1,
    roots: Int32Array.of(0),
    feature: own,
    threshold: threshold.subarray(root, end),
    next: next.subarray(root, end).map((to, node) => to - (own[node] < 0 ? from : root)),
    values: Int32Array.from({ length: count }, (_, place) => place),
    ...(missingLeft ? { missingLeft: missingLeft.subarray(root, end) } : {}),
    ...(sets ? { sets: { at: sets.at.subarray(root, end), words: sets.words } } : {}),
  };
  return { alone, from, count };
}

/** How many numbers the leaves of the first trees have; those of a tree come before those of the next. */
function valuesOf({ roots, feature, outputs }: TreeEnsemble, trees: number): number {
  return feature.subarray(0, roots[trees]).reduce((n, f) => n + Number(f < 0), 0) * outputs;
}

/** Nodes of the first trees come first, so that arrays are shared with the largest. */
function prefixOf({ ensemble }: TreeModel, { trees, scale, values }: Leaves): TreeModel {
  const { roots, feature, threshold, next, missingLeft, sets, ...rest } = ensemble;
  const nodes = roots[trees];
  const first: TreeEnsemble = {
    ...rest,
    roots: roots.subarray(0, trees),
    feature: feature.subarray(0, nodes),
    threshold: threshold.subarray(0, nodes),
    next: next.subarray(0, nodes),
    values,
    ...(missingLeft ? { missingLeft: missingLeft.subarray(0, nodes) } : {}),
    ...(sets ? firstSets(sets, nodes) : {}),
  };
  return scale
    ? { ensemble: first, trees, scale }
    : { ensemble: first, trees, votes: trees * 2 ** leafBits(trees) };
}

/** Sets stand in the order of their nodes, but for those of one tree. */
function firstSets({ at, words }: CategorySets, nodes: number): Pick<TreeEnsemble, 'sets'> {
  const first = at.subarray(0, nodes);
  const used = first.reduce((most, start) => (start < 0 ? most : Math.max(most, start + SET_WORDS)), 0);
  return used > 0 ? { sets: { at: first, words: words.subarray(0, used) } } : {};
}
