import type { Problem } from '../../types.ts';
import { columnMoments } from '../linear/moments.ts';

/** Of each column that holds sizes. */
export interface Densities {
  means: Float64Array;
  variances: Float64Array;
}

/**
 * Means and variances of some columns over some rows, missing values left out.
 *
 * @param otherwise what a column without a value there has
 */
export function densitiesOf(
  problem: Problem,
  sizes: Int32Array | undefined,
  rows: Int32Array,
  weights: Float64Array | undefined,
  otherwise: (size: number) => { mean: number; variance: number },
): Densities {
  const { x, columns, binned } = problem;
  if (!binned.gaps && !sizes) {
    const { means, deviations } = columnMoments(x, columns, rows, weights);
    return { means, variances: deviations.map((deviation) => deviation * deviation) };
  }
  const list = sizes ?? Int32Array.from({ length: columns }, (_, column) => column);
  const means = new Float64Array(list.length);
  const variances = new Float64Array(list.length);
  list.forEach((column, size) => {
    const there = rows.filter((row) => !Number.isNaN(x[row * columns + column]));
    if (there.length === 0) {
      const { mean, variance } = otherwise(size);
      means[size] = mean;
      variances[size] = variance;
      return;
    }
    const values = Float32Array.from(there, (row) => x[row * columns + column]);
    const own = weights && Float64Array.from(there, (row) => weights[row]);
    const moments = columnMoments(values, 1, Int32Array.from(there.keys()), own);
    means[size] = moments.means[0];
    variances[size] = moments.deviations[0] * moments.deviations[0];
  });
  return { means, variances };
}
