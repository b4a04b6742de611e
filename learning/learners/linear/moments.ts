/**
 * Mean and population standard deviation of each column over some rows; a constant column has deviation 0 exactly.
 *
 * @throws RangeError where there are no rows
 */
export function columnMoments(
  x: Float32Array,
  columns: number,
  rows: Int32Array,
): { means: Float64Array; deviations: Float64Array } {
  if (rows.length === 0) throw new RangeError('There are no rows to learn from.');
  const means = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const constant = new Uint8Array(columns).fill(1);
  for (const row of rows) for (let c = 0, at = row * columns; c < columns; c++, at++) means[c] += x[at];
  for (let c = 0; c < columns; c++) means[c] /= rows.length;
  for (const row of rows) {
    for (let c = 0, at = row * columns; c < columns; c++, at++) {
      const distance = x[at] - means[c];
      squares[c] += distance * distance;
      // Rounding gives the mean of equal values a distance, so equality is looked at itself.
      if (x[at] !== x[rows[0] * columns + c]) constant[c] = 0;
    }
  }
  const deviations = squares.map((sum, c) => (constant[c] ? 0 : Math.sqrt(sum / rows.length)));
  return { means, deviations };
}
