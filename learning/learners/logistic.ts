import { z } from 'zod';
import type { GraphBuilder } from '../onnx/graph.ts';
import type { Learner, Problem } from '../types.ts';
import { fitSoftmax } from './linear/fitSoftmax.ts';
import { fitSparseSoftmax } from './linear/fitSparseSoftmax.ts';
import { addShares, ONNX_DOUBLE } from './outputs.ts';
import { toShares } from './softmax.ts';
import { classWeight, weightsOf } from './weights.ts';

const params = z.strictObject({
  /**
   * Strengths of the penalties l1 * |weights|_1 + l2 / 2 * |weights|^2 on the summed log loss. Both are an elastic net:
   * scikit-learn's C is 1 / (l1 + l2), its l1_ratio l1 / (l1 + l2).
   */
  l1: z.number().min(0).max(1e9).default(0),
  l2: z.number().min(0).max(1e9).default(1),
  maxIterations: z.int().min(1).max(100_000).default(500),
  /**
   * Bound on the gradient's components in coordinates where the mean objective curves by about 1 (Newton's decrement):
   * it is then within about variables * tolerance^2 / 2 of its least value. With `l1`, of the smallest subgradient's.
   */
  tolerance: z.number().gt(0).lte(1).default(1e-8),
  classWeight,
});
type Params = z.output<typeof params>;

export interface LogisticModel {
  classes: number;
  /** [columns, classes]; with two classes, the first column is 0. */
  weights: Float64Array;
  /** [classes] */
  intercepts: Float64Array;
  iterations: number;
  gradientNorm: number;
  converged: boolean;
}

/**
 * Multinomial logistic regression with a free intercept, in float64: with an L2 penalty by L-BFGS, with an L1 penalty or
 * both by proximal Newton steps, which leave the weights that help nothing at 0.
 */
export const logistic: Learner<Params, LogisticModel> = {
  name: 'logistic',
  title: 'Logistic regression (L1, L2, elastic net)',
  tasks: ['binary', 'multiclass'],
  weighs: true,
  params,
  units: () => 1,
  fit,
  join: ([model]) => model,
  convergence: ({ iterations, gradientNorm, converged }) => ({
    iterations,
    residual: gradientNorm,
    converged,
  }),
  predict,
  toOnnx,
};

/** The objective is scikit-learn's: two classes have one vector of weights, more have one each. */
function fit(problem: Problem, options: Params): LogisticModel {
  const { columns, classes } = problem;
  const free = classes === 2 ? 1 : classes;
  const held = classes - free;
  const data = { ...problem, weights: weightsOf(problem, options.classWeight) };
  const { weights: found, ...report } =
    options.l1 > 0 ? fitSparseSoftmax(data, free, options) : fitSoftmax(data, options);
  const weights = new Float64Array(columns * classes);
  const intercepts = new Float64Array(classes);
  for (let k = 0; k < free; k++) {
    for (let f = 0; f < columns; f++) weights[f * classes + held + k] = found[k * (columns + 1) + f];
    intercepts[held + k] = found[k * (columns + 1) + columns];
  }
  // One number added to all intercepts changes no probability: of these solutions, the one with mean 0.
  const shift = held === 0 ? intercepts.reduce((sum, value) => sum + value, 0) / classes : 0;
  for (let k = 0; k < classes; k++) intercepts[k] -= shift;
  return { classes, weights, intercepts, ...report };
}

function predict(
  { classes, weights, intercepts }: LogisticModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const probabilities = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    const out = probabilities.subarray(i * classes, (i + 1) * classes);
    out.set(intercepts);
    for (let f = 0; f < columns; f++) {
      const value = x[at + f];
      for (let k = 0; k < classes; k++) out[k] += value * weights[f * classes + k];
    }
    toShares(out, 0, classes);
  }
  return probabilities;
}

function toOnnx({ classes, weights, intercepts }: LogisticModel, graph: GraphBuilder, features: string) {
  const matrix = graph.constant({
    type: 'double',
    dims: [weights.length / classes, classes],
    values: weights,
  });
  const bias = graph.constant({ type: 'double', dims: [classes], values: intercepts });
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const [product] = graph.node('MatMul', [exact, matrix]);
  const [scores] = graph.node('Add', [product, bias]);
  return addShares(graph, scores);
}
