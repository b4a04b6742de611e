import { totalWeight } from '../weights.ts';

/**
 * Mean and population standard deviation of each column over some rows; a constant column has deviation 0 exactly.
 *
 * @param weights [?], by row of x; absent: all count alike
 * @throws RangeError where there are no rows
 */
export function columnMoments(
  x: Float32Array,
  columns: number,
  rows: Int32Array,
  weights?: Float64Array,
): { means: Float64Array; deviations: Float64Array } {
  if (rows.length === 0) throw new RangeError('There are no rows to learn from.');
  const means = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const constant = new Uint8Array(columns).fill(1);
  const total = totalWeight(rows, weights);
  for (const row of rows) {
    const weight = weights ? weights[row] : 1;
    for (let c = 0, at = row * columns; c < columns; c++, at++) means[c] += weight * x[at];
  }
  for (let c = 0; c < columns; c++) means[c] /= total;
  for (const row of rows) {
    const weight = weights ? weights[row] : 1;
    for (let c = 0, at = row * columns; c < columns; c++, at++) {
      const distance = x[at] - means[c];
      squares[c] += weight * distance * distance;
      // Rounding gives the mean of equal values a distance, so equality is looked at itself.
      if (x[at] !== x[rows[0] * columns + c]) constant[c] = 0;
    }
  }
  const deviations = squares.map((sum, c) => (constant[c] ? 0 : Math.sqrt(sum / total)));
  return { means, deviations };
}
