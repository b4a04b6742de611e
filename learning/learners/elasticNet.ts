import { z } from 'zod';
import type { Learner } from '../types.ts';
import { fitElasticNet, fitElasticNets, type ElasticNetModel } from './linear/fitElasticNet.ts';
import { linearToOnnx, predictLinear } from './linear/linearModel.ts';
import { refuseTooManyColumns } from './linear/normalEquations.ts';

const params = z.strictObject({
  /**
   * Strength of the penalty alpha * (l1Ratio * |weights|_1 + (1 - l1Ratio) / 2 * |weights|^2) on half the mean squared
   * error: scikit-learn's alpha and l1_ratio.
   */
  alpha: z.number().gt(0).lte(1e12).default(1),
  /** Below 0.01 the duality gap, and with it the end, is far off; ridge has no L1 at all. */
  l1Ratio: z.number().min(0.01).max(1).default(0.5),
  maxIterations: z.int().min(1).max(1_000_000).default(10_000),
  /** Bound on the duality gap, as a share of the objective of the mean alone. */
  tolerance: z.number().gt(0).lte(1).default(1e-10),
});
type Params = z.output<typeof params>;

/** Linear regression with an L1 and an L2 penalty and a free intercept: of features that repeat each other it keeps all. */
export const elasticNet: Learner<Params, ElasticNetModel> = {
  name: 'elasticNet',
  title: 'Elastic net (coordinate descent)',
  tasks: ['regression'],
  weighs: true,
  params,
  refuses: refuseTooManyColumns,
  units: () => 1,
  fit: (problem, p) => fitElasticNet(problem, penalty(p)),
  family: {
    by: ['alpha', 'l1Ratio'],
    fit: (problem, members) => fitElasticNets(problem, members.map(penalty)),
  },
  join: ([model]) => model,
  convergence: ({ iterations, gap, converged }) => ({ iterations, residual: gap, converged }),
  predict: predictLinear,
  toOnnx: linearToOnnx,
};

const penalty = ({ alpha, l1Ratio, ...rest }: Params) => ({
  l1: alpha * l1Ratio,
  l2: alpha * (1 - l1Ratio),
  ...rest,
});
