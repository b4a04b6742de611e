import type { Problem } from '../../types.ts';
import { totalWeight } from '../weights.ts';
import { columnMoments } from './moments.ts';

/** Above this the normal equations take minutes and gigabytes. */
const MAX_COLUMNS = 5_000;

export interface NormalEquations {
  /** The sum of the rows' weights; their number where all count alike. */
  total: number;
  /** [columns, columns], lower triangle: mean products of the standardised features with each other. */
  gram: Float64Array;
  /** [columns]: those with the centred target. */
  moments: Float64Array;
  /** Mean square of the centred target. */
  variance: number;
  meanY: number;
  /** [columns] */
  means: Float64Array;
  /** [columns], 1 / standard deviation; 0 for a constant column, whose products are then all 0. */
  inverse: Float64Array;
}

/** @throws RangeError where there are no rows */
export function normalEquations({
  x,
  y,
  columns,
  train,
  weights,
}: Pick<Problem, 'x' | 'y' | 'columns' | 'train' | 'weights'>): NormalEquations {
  const { means, deviations } = columnMoments(x, columns, train, weights);
  const total = totalWeight(train, weights);
  const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
  let meanY = 0;
  for (const row of train) meanY += weights ? weights[row] * y[row] : y[row];
  meanY /= total;

  const gram = new Float64Array(columns * columns);
  const moments = new Float64Array(columns);
  const z = new Float64Array(columns);
  let variance = 0;
  for (const row of train) {
    for (let f = 0; f < columns; f++) z[f] = (x[row * columns + f] - means[f]) * inverse[f];
    const weight = weights ? weights[row] : 1;
    const target = y[row] - meanY;
    variance += weight * target * target;
    for (let f = 0; f < columns; f++) {
      const value = weight * z[f];
      moments[f] += value * target;
      for (let g = 0, at = f * columns; g <= f; g++, at++) gram[at] += value * z[g];
    }
  }
  for (let i = 0; i < gram.length; i++) gram[i] /= total;
  for (let f = 0; f < columns; f++) moments[f] /= total;
  return { total, gram, moments, variance: variance / total, meanY, means, inverse };
}

/** Why a learner that solves normal equations cannot take so many features. */
export function refuseTooManyColumns({ columns }: { columns: number }): string | undefined {
  return columns > MAX_COLUMNS
    ? `it solves ${columns} x ${columns} equations, and takes at most ${MAX_COLUMNS} features`
    : undefined;
}
