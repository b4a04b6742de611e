import { z } from 'zod';
import type { Learner, Problem } from '../types.ts';
import { factorise, solveLower, solveUpper } from './linear/cholesky.ts';
import { linearToOnnx, predictLinear, type LinearModel } from './linear/linearModel.ts';
import { normalEquations, refuseTooManyColumns, type NormalEquations } from './linear/normalEquations.ts';

const params = z.strictObject({
  /** Strength of the penalty l2 * |weights|^2 on the summed squared error: scikit-learn's alpha. */
  l2: z.number().min(0).max(1e12).default(1),
});
type Params = z.output<typeof params>;

export interface RidgeModel extends LinearModel {
  /** What was added to the diagonal of the scaled normal equations because they were singular; 0 as a rule. */
  jitter: number;
}

/** Linear regression with an L2 penalty and a free intercept, in closed form. */
export const ridge: Learner<Params, RidgeModel> = {
  name: 'ridge',
  title: 'Ridge regression (closed form)',
  tasks: ['regression'],
  weighs: true,
  params,
  refuses: refuseTooManyColumns,
  units: () => 1,
  fit: (problem, p) => fitAll(problem, [p])[0],
  family: { by: ['l2'], fit: fitAll },
  join: ([model]) => model,
  predict: predictLinear,
  toOnnx: linearToOnnx,
};

/**
 * Normal equations of the centred features, scaled to a unit diagonal so that the units of a feature cost no digits; one
 * pass over the rows for penalties of any number.
 */
function fitAll(problem: Problem, members: readonly Params[]): RidgeModel[] {
  const equations = normalEquations(problem);
  const diagonal = equations.moments.map((_, f) => equations.gram[f * problem.columns + f]);
  return members.map(({ l2 }) => solve(equations, diagonal, l2));
}

/**
 * Columns that repeat each other leave the equations singular where nothing is penalised: the jitter that `factorise` then
 * adds picks, to about 7 digits, the shortest of the solutions that fit equally well.
 *
 * @param diagonal of the equations' matrix, whose own is written over: a copy of the whole may be 200 MB
 */
function solve(
  { total, gram, moments, means, inverse, meanY }: NormalEquations,
  diagonal: Float64Array,
  l2: number,
): RidgeModel {
  const columns = moments.length;
  for (let f = 0; f < columns; f++) {
    // A constant column has only its own diagonal, and so weight 0.
    gram[f * columns + f] = inverse[f] === 0 ? 1 : diagonal[f] + (l2 * inverse[f] * inverse[f]) / total;
  }
  const scaled = moments.slice();
  const { lower, jitter } = factorise(gram, columns);
  solveLower(lower, scaled);
  solveUpper(lower, scaled);
  const weights = scaled.map((value, f) => value * inverse[f]);
  let intercept = meanY;
  for (let f = 0; f < columns; f++) intercept -= weights[f] * means[f];
  return { weights, intercept, jitter };
}
