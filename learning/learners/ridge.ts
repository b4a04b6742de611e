import { z } from 'zod';
import type { Learner, Problem } from '../types.ts';
import { factorise, solveLower, solveUpper } from './linear/cholesky.ts';
import { linearToOnnx, predictLinear, type LinearModel } from './linear/linearModel.ts';
import { normalEquations, refuseTooManyColumns } from './linear/normalEquations.ts';

const params = z.strictObject({
  /** Strength of the penalty l2 * |weights|^2 on the summed squared error: scikit-learn's alpha. */
  l2: z.number().min(0).max(1e12).default(1),
});

export interface RidgeModel extends LinearModel {
  /** What was added to the diagonal of the scaled normal equations because they were singular; 0 as a rule. */
  jitter: number;
}

/** Linear regression with an L2 penalty and a free intercept, in closed form. */
export const ridge: Learner<z.output<typeof params>, RidgeModel> = {
  name: 'ridge',
  title: 'Ridge regression (closed form)',
  tasks: ['regression'],
  weighs: true,
  params,
  refuses: refuseTooManyColumns,
  units: () => 1,
  fit,
  join: ([model]) => model,
  predict: predictLinear,
  toOnnx: linearToOnnx,
};

/**
 * Normal equations of the centred features, scaled to a unit diagonal so that the units of a feature cost no digits.
 * Columns that repeat each other leave them singular where nothing is penalised: the jitter that `factorise` then adds
 * picks, to about 7 digits, the shortest of the solutions that fit equally well.
 */
function fit(problem: Problem, { l2 }: { l2: number }): RidgeModel {
  const { columns } = problem;
  const { total, gram, moments: scaled, means, inverse, meanY } = normalEquations(problem);
  for (let f = 0; f < columns; f++) {
    // A constant column has only its own diagonal, and so weight 0.
    if (inverse[f] === 0) gram[f * columns + f] = 1;
    else gram[f * columns + f] += (l2 * inverse[f] * inverse[f]) / total;
  }
  const { lower, jitter } = factorise(gram, columns);
  solveLower(lower, scaled);
  solveUpper(lower, scaled);
  const weights = scaled.map((value, f) => value * inverse[f]);
  let intercept = meanY;
  for (let f = 0; f < columns; f++) intercept -= weights[f] * means[f];
  return { weights, intercept, jitter };
}
