import { z } from 'zod';
import type { Learner } from '../types.ts';
import { fitTrees } from './trees/fit.ts';
import { joinModels, predictTrees, treesToOnnx, type TreeModel } from './trees/model.ts';
import { fitTreePrefixes } from './trees/prefixes.ts';
import { maxDepth, maxFeatures, minLeaf, trees } from './trees/params.ts';
import { classWeight } from './weights.ts';

const params = z.strictObject({
  trees: trees.default(100),
  /** Cuts between the root and a leaf; null: until the leaves are pure. */
  maxDepth,
  /** Least number of drawn rows in a leaf. */
  minLeaf,
  /** Features looked at for each cut. `auto`: sqrt for classification, all for regression. */
  maxFeatures: maxFeatures.default('auto'),
  /** Rows drawn with replacement for each tree, as a share of the training rows. */
  rowShare: z.number().gt(0).lte(1).default(1),
  classWeight,
});

/** Random forest (Breiman, Machine Learning 45, 2001) on histograms of at most 256 bins. */
export const forest: Learner<z.output<typeof params>, TreeModel> = {
  name: 'forest',
  title: 'Random forest (histogram-based)',
  tasks: ['binary', 'multiclass', 'regression'],
  weighs: true,
  bridgesGaps: true,
  takesCategories: true,
  params,
  units: (p) => p.trees,
  fit: fitTrees,
  family: { by: ['trees'], fit: fitTreePrefixes },
  join: joinModels,
  predict: predictTrees,
  toOnnx: treesToOnnx,
};
