import { z } from 'zod';
import { NumericalError } from '../numerical.ts';
import type { Learner, Problem } from '../types.ts';
import { keepRows, predictNeighbors, predictTogether, type NeighborsModel } from './neighbors/model.ts';
import { neighborsToOnnx } from './neighbors/onnx.ts';

const params = z.strictObject({
  k: z.int().min(1).max(1_000).default(5),
  /** Of a neighbour's vote: the same for all, or 1 / distance. */
  weights: z.enum(['uniform', 'distance']).default('uniform'),
});
type Params = z.output<typeof params>;

/** Measured with 30 features: 1,000 answers at once take 0.3 s and 250 MB, one takes 1.2 ms; the learner's own 1.2 s. */
const MAX_ROWS = 10_000;
/** Of the training rows: 24 bytes each in memory, 16 in the model's file. */
const MAX_NUMBERS = 2_000_000;

/**
 * k nearest neighbours by Euclidean distance (Cover and Hart, "Nearest neighbor pattern classification", 1967): exact, all
 * training rows being compared. Of equally distant rows the one that stands first in the training rows is nearer; of
 * classes with equally many votes the first one is answered.
 */
export const neighbors: Learner<Params, NeighborsModel> = {
  name: 'neighbors',
  title: 'Nearest neighbours (exact)',
  tasks: ['binary', 'multiclass', 'regression'],
  params,
  refuses,
  units: () => 1,
  fit: (problem, p) => fitAll(problem, [p])[0],
  family: { by: ['k', 'weights'], fit: fitAll, predict: predictTogether },
  join: ([model]) => model,
  predict: predictNeighbors,
  toOnnx: neighborsToOnnx,
};

function refuses({ rows, columns }: { rows: number; columns: number }): string | undefined {
  const most = Math.min(MAX_ROWS, Math.floor(MAX_NUMBERS / columns));
  return rows > most
    ? `its model holds the training rows, with ${columns} features at most ${most} of them, not ${rows}; set sample.search and sample.refit`
    : undefined;
}

function fitAll(problem: Problem, members: readonly Params[]): NeighborsModel[] {
  const { length } = problem.train;
  const { k: most } = members.reduce((a, b) => (b.k > a.k ? b : a));
  if (length > 0 && most > length)
    throw new NumericalError(`k is ${most}, and there are ${length} rows to be neighbours.`);
  const kept = keepRows(problem);
  return members.map(({ k, weights }) => ({ ...kept, k, byDistance: weights === 'distance' }));
}
