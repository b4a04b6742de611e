import { compiledSoftmaxLoss } from './compiledSoftmaxLoss.ts';
import { PlainSoftmaxLoss } from './plainSoftmaxLoss.ts';

export interface LabelledRows {
  x: Float32Array;
  y: Float64Array;
  columns: number;
  classes: number;
  train: Int32Array;
  /** By row of x; absent: all count alike. */
  weights?: Float64Array;
}

/**
 * The summed log loss of a linear softmax model over the rows to learn from, rows counting by their weights. Two classes have
 * one vector of weights, that of the second (binary logistic regression); more have one each.
 *
 * Once in TypeScript (plainSoftmaxLoss.ts) and once compiled (compiledSoftmaxLoss.ts), with the same results to the last bit.
 */
export interface SoftmaxLoss {
  /** Vectors of weights. */
  readonly free: number;

  /** Mean and population standard deviation of each feature; a constant one has deviation 0 exactly. */
  moments(): { means: Float64Array; deviations: Float64Array };

  /**
   * @param weights [free, columns + 1], the intercept last
   * @param gradient the same shape; overwritten with the sum's gradient
   * @returns the sum of the rows' -log p(class)
   */
  evaluate(weights: Float64Array, gradient: Float64Array): number;

  /**
   * The Hessian's diagonal blocks: for each vector of weights, the sum over the rows of p (1 - p) z z', z being a row's
   * features, standardised by `means` and `inverse` (1 / deviation), and a 1 for the intercept.
   *
   * @param full true only where it was said that blocks would be asked for
   * @returns by vector, [columns + 1, columns + 1], lower triangle; where not `full` its diagonal, [columns + 1]
   */
  curvature(weights: Float64Array, means: Float64Array, inverse: Float64Array, full: boolean): Float64Array[];
}

/**
 * Compiled, or where the rows are too many for its memory in TypeScript, which takes its time.
 *
 * @param blocks whether blocks of the Hessian will be asked for, or only diagonals
 * @throws RangeError where there are no rows
 */
export function softmaxLoss(data: LabelledRows, blocks: boolean): SoftmaxLoss {
  if (data.train.length === 0) throw new RangeError('There are no rows to learn from.');
  return compiledSoftmaxLoss(data, blocks) ?? new PlainSoftmaxLoss(data);
}
