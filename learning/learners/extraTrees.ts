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
  /** Least number of rows in a leaf. */
  minLeaf,
  /** Features of which a random cut each is looked at. `auto`: sqrt for classification, all for regression. */
  maxFeatures: maxFeatures.default('auto'),
  classWeight,
});

/**
 * Extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): every tree sees all rows, and of
 * each drawn feature one random cut, where a forest draws rows and looks for the best cut.
 */
export const extraTrees: Learner<z.output<typeof params>, TreeModel> = {
  name: 'extraTrees',
  title: 'Extra trees (histogram-based)',
  tasks: ['binary', 'multiclass', 'regression'],
  weighs: true,
  bridgesGaps: true,
  takesCategories: true,
  params,
  units: (p) => p.trees,
  fit: (problem, p, seed, from, to) => fitTrees(problem, { ...p, randomCuts: true }, seed, from, to),
  family: {
    by: ['trees'],
    fit: (problem, members, seed) =>
      fitTreePrefixes(
        problem,
        members.map((p) => ({ ...p, randomCuts: true })),
        seed,
      ),
  },
  join: joinModels,
  predict: predictTrees,
  toOnnx: treesToOnnx,
};
