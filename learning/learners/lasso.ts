import { z } from 'zod';
import type { Learner } from '../types.ts';
import { fitElasticNet, fitElasticNets, type ElasticNetModel } from './linear/fitElasticNet.ts';
import { linearToOnnx, predictLinear } from './linear/linearModel.ts';
import { refuseTooManyColumns } from './linear/normalEquations.ts';

const params = z.strictObject({
  /** Strength of the penalty alpha * |weights|_1 on half the mean squared error: scikit-learn's alpha. */
  alpha: z.number().gt(0).lte(1e12).default(1),
  maxIterations: z.int().min(1).max(1_000_000).default(10_000),
  /** Bound on the duality gap, as a share of the objective of the mean alone. */
  tolerance: z.number().gt(0).lte(1).default(1e-10),
});
type Params = z.output<typeof params>;

/** Linear regression with an L1 penalty and a free intercept, which leaves the weights that help little at 0. */
export const lasso: Learner<Params, ElasticNetModel> = {
  name: 'lasso',
  title: 'Lasso (coordinate descent)',
  tasks: ['regression'],
  weighs: true,
  params,
  refuses: refuseTooManyColumns,
  units: () => 1,
  fit: (problem, p) => fitElasticNet(problem, penalty(p)),
  family: {
    by: ['alpha'],
    fit: (problem, members) => fitElasticNets(problem, members.map(penalty)),
  },
  join: ([model]) => model,
  convergence: ({ iterations, gap, converged }) => ({ iterations, residual: gap, converged }),
  predict: predictLinear,
  toOnnx: linearToOnnx,
};

const penalty = ({ alpha, ...rest }: Params) => ({ l1: alpha, l2: 0, ...rest });
