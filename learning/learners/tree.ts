import { z } from 'zod';
import type { Learner } from '../types.ts';
import { fitTrees } from './trees/fit.ts';
import { joinModels, predictTrees, treesToOnnx, type TreeModel } from './trees/model.ts';
import { maxDepth, maxFeatures, minLeaf } from './trees/params.ts';
import { classWeight } from './weights.ts';

const params = z.strictObject({
  /** Cuts between the root and a leaf; null: until the leaves are pure. */
  maxDepth,
  /** Least number of rows in a leaf. */
  minLeaf,
  /** Features looked at for each cut. */
  maxFeatures: maxFeatures.default('all'),
  classWeight,
});

/** One decision tree on every training row, on histograms of at most 256 bins. */
export const tree: Learner<z.output<typeof params>, TreeModel> = {
  name: 'tree',
  title: 'Decision tree (histogram-based)',
  tasks: ['binary', 'multiclass', 'regression'],
  weighs: true,
  bridgesGaps: true,
  takesCategories: true,
  params,
  units: () => 1,
  fit: (problem, p, seed, from, to) =>
    fitTrees(
      problem,
      { ...p, trees: 1, maxFeatures: p.maxFeatures === 'auto' ? 'all' : p.maxFeatures },
      seed,
      from,
      to,
    ),
  join: joinModels,
  predict: predictTrees,
  toOnnx: treesToOnnx,
};
