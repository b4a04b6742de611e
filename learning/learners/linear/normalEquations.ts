import type { Problem } from '../../types.ts';
import { columnMoments } from './moments.ts';

/** Above this the normal equations take minutes and gigabytes. */
const MAX_COLUMNS = 5_000;

export interface NormalEquations {
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
}: Pick<Problem, 'x' | 'y' | 'columns' | 'train'>): NormalEquations {
  const { means, deviations } = columnMoments(x, columns, train);
  const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
  let meanY = 0;
  for (const row of train) meanY += y[row];
  meanY /= train.length;

  const gram = new Float64Array(columns * columns);
  const moments = new Float64Array(columns);
  const z = new Float64Array(columns);
  let variance = 0;
  for (const row of train) {
    for (let f = 0; f < columns; f++) z[f] = (x[row * columns + f] - means[f]) * inverse[f];
    const target = y[row] - meanY;
    variance += target * target;
    for (let f = 0; f < columns; f++) {
      const value = z[f];
      moments[f] += value * target;
      for (let g = 0, at = f * columns; g <= f; g++, at++) gram[at] += value * z[g];
    }
  }
  for (let i = 0; i < gram.length; i++) gram[i] /= train.length;
  for (let f = 0; f < columns; f++) moments[f] /= train.length;
  return { gram, moments, variance: variance / train.length, meanY, means, inverse };
}

/** Why a learner that solves normal equations cannot take so many features. */
export function refuseTooManyColumns({ columns }: { columns: number }): string | undefined {
  return columns > MAX_COLUMNS
    ? `it solves ${columns} x ${columns} equations, and takes at most ${MAX_COLUMNS} features`
    : undefined;
}
