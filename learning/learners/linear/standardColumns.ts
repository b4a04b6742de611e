import { totalWeight } from '../weights.ts';
import { columnMoments } from './moments.ts';

/**
 * The rows to learn from, column by column, for solvers that move one weight at a time. A column's values are kept as
 * they are and standardised as they are read, `(value - mean) * inverse`: in those units the intercept is independent of
 * the weights, and a feature's unit costs no digits.
 */
export interface StandardColumns {
  rows: number;
  /** [rows]; absent: all count alike. */
  weights?: Float64Array;
  /** The sum of the weights; the number of rows where all count alike. */
  total: number;
  /** [columns] */
  means: Float64Array;
  /** [columns], 1 / standard deviation; 0 for a constant column, whose standardised values are then all 0. */
  inverse: Float64Array;
  /** By column, [rows]. */
  values: Float32Array[];
}

/** @param weights by row of x  @throws RangeError where there are no rows */
export function standardColumns(
  x: Float32Array,
  columns: number,
  train: Int32Array,
  weights?: Float64Array,
): StandardColumns {
  const { means, deviations } = columnMoments(x, columns, train, weights);
  const values = Array.from({ length: columns }, (_, f) => {
    const column = new Float32Array(train.length);
    for (let i = 0; i < train.length; i++) column[i] = x[train[i] * columns + f];
    return column;
  });
  return {
    rows: train.length,
    weights: weights && Float64Array.from(train, (row) => weights[row]),
    total: totalWeight(train, weights),
    means,
    inverse: deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation)),
    values,
  };
}
