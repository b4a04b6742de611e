import { deriveSeed, Random } from '../../rng.ts';
import type { Problem } from '../../types.ts';
import { compiledGrower } from './compiledGrower.ts';
import { EnsembleBuilder } from './ensemble.ts';
import { Gini } from './gini.ts';
import { Grower } from './grower.ts';
import { leafBits, leafScale, type LeafScale } from './leaves.ts';
import type { TreeModel } from './model.ts';
import { allocateSample, bootstrap, MAX_CLASSES, takeAll } from './sample.ts';
import { weightsOf, type ClassWeight } from '../weights.ts';
import { Variance } from './variance.ts';
import { Weighted } from './weighted.ts';

export interface TreeSettings {
  /** Trees of the whole model. */
  trees: number;
  /** null: no limit. */
  maxDepth: number | null;
  minLeaf: number;
  maxFeatures: MaxFeatures;
  /** Rows drawn with replacement, as a share of those to learn from; absent: every row once. */
  rowShare?: number;
  /** One random cut of each drawn feature instead of its best one. */
  randomCuts?: boolean;
  classWeight?: ClassWeight;
}

/** `auto`: sqrt for classification, all for regression, as in scikit-learn. */
export type MaxFeatures = 'auto' | 'sqrt' | 'log2' | 'all' | number;

/** Grows trees from..to (excluded). Tree t depends on the problem, the settings, the seed and t alone. */
export function fitTrees(
  problem: Problem,
  settings: TreeSettings,
  seed: number,
  from: number,
  to: number,
): TreeModel {
  const { binned, train, y, task } = problem;
  if (train.length === 0) throw new RangeError('There are no rows to learn from.');
  if (problem.classes > MAX_CLASSES)
    throw new RangeError(`Trees take at most ${MAX_CLASSES} classes, not ${problem.classes}.`);
  const bits = leafBits(settings.trees);
  const scale = task === 'regression' ? leafScale(settings.trees, ...range(y, train)) : undefined;
  const into = new EnsembleBuilder(scale ? 2 : problem.classes, binned.gaps !== undefined);
  const grow = growerFor(problem, settings, scale, bits);
  for (let tree = from; tree < to; tree++) grow(deriveSeed(seed, 'tree', tree), into);
  const ensemble = into.finish();
  return scale
    ? { ensemble, trees: settings.trees, scale }
    : { ensemble, trees: settings.trees, votes: settings.trees * 2 ** bits };
}

type GrowTree = (seed: number, into: EnsembleBuilder) => void;

/** The compiled one where it can, with the same trees as the other. */
function growerFor(
  problem: Problem,
  settings: TreeSettings,
  scale: LeafScale | undefined,
  bits: number,
): GrowTree {
  const { binned, train, y, classes } = problem;
  const weights = weightsOf(problem, settings.classWeight);
  const general = weights !== undefined || binned.gaps !== undefined || binned.categories !== undefined;
  const limits = {
    maxDepth: settings.maxDepth ?? Infinity,
    minLeaf: settings.minLeaf,
    randomCuts: settings.randomCuts ?? false,
    featuresPerNode: featuresPerNode(settings.maxFeatures, problem.columns, scale !== undefined),
  };
  const draws =
    settings.rowShare === undefined ? undefined : Math.max(1, Math.round(settings.rowShare * train.length));
  if (!general && !scale) {
    const compiled = compiledGrower(problem, limits, draws, bits);
    if (compiled) return compiled;
  }
  const criterion = general
    ? new Weighted(binned, { y, weights }, scale ? { scale } : { classes, bits })
    : scale
      ? new Variance(binned, y, scale)
      : new Gini(binned, classes, bits);
  const grower = new Grower(binned, criterion, limits, train.length);
  const sample = allocateSample(train.length);
  const counts = new Int32Array(train.length);
  const classOf = scale ? () => 0 : (row: number) => y[row];
  return (seed, into) => {
    const random = new Random(seed);
    if (draws === undefined) takeAll(train, classOf, sample);
    else bootstrap(train, classOf, draws, random, counts, sample);
    grower.grow(sample, random, into);
  };
}

function featuresPerNode(wanted: MaxFeatures, columns: number, regression: boolean): number {
  switch (wanted) {
    case 'auto':
      return featuresPerNode(regression ? 'all' : 'sqrt', columns, regression);
    case 'all':
      return columns;
    case 'sqrt':
      return Math.max(1, Math.floor(Math.sqrt(columns)));
    case 'log2':
      return Math.max(1, Math.floor(Math.log2(columns)));
    default:
      return Math.max(1, Math.floor(wanted * columns));
  }
}

function range(y: Float64Array, train: Int32Array): [lowest: number, highest: number] {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const row of train) {
    if (y[row] < lowest) lowest = y[row];
    if (y[row] > highest) highest = y[row];
  }
  return [lowest, highest];
}
