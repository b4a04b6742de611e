import type { Learner } from '../types.ts';
import { fitRoundPrefixes } from './boosting/prefixes.ts';
import { boostedToOnnx, predictBoosted, toModel, type BoostingModel } from './boosting/model.ts';
import { MAX_ROWS } from './boosting/packedGradients.ts';
import { params, type Params } from './boosting/params.ts';
import { runRounds } from './boosting/rounds.ts';

/** Gradient boosting on histograms, leaf by leaf. One fit is one unit: a round needs the one before. */
export const boosting: Learner<Params, BoostingModel> = {
  name: 'boosting',
  title: 'Gradient boosting (histogram-based)',
  tasks: ['binary', 'multiclass', 'regression'],
  weighs: true,
  bridgesGaps: true,
  takesCategories: true,
  params,
  refuses: ({ rows }) =>
    rows > MAX_ROWS ? `it takes at most ${MAX_ROWS} rows, not ${rows}; sample them` : undefined,
  units: () => 1,
  fit: (problem, p, seed) => toModel(runRounds(problem, p, seed), problem.classes, problem.binned),
  family: { by: ['rounds'], fit: fitRoundPrefixes },
  join: ([model]) => model,
  predict: predictBoosted,
  toOnnx: boostedToOnnx,
};
