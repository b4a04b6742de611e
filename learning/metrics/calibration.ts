import { quantile } from './quantile.ts';

/** Rows whose probability lies in (from, to], the first bin including its `from`. */
export interface CalibrationBin {
  from: number;
  to: number;
  rows: number;
  /** Mean probability that was said. */
  predicted: number;
  /** Share that was so. */
  actual: number;
}

/**
 * Whether probabilities can be taken at their word: bins of probabilities with what became of their rows. The edges and
 * the sides of ties are those of scikit-learn's calibration_curve; bins without rows are left out, as there.
 *
 * @param probabilities [rows], each 0..1
 * @param happened whether row i turned out so
 * @param strategy `uniform`: bins of equal width; `quantile`: of about equally many rows
 */
export function calibrationBins(
  probabilities: Float64Array,
  happened: (row: number) => boolean,
  bins: number,
  strategy: 'uniform' | 'quantile',
): CalibrationBin[] {
  if (probabilities.length === 0) return [];
  const edges = strategy === 'uniform' ? uniformEdges(bins) : quantileEdges(probabilities, bins);
  const rows = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const actual = new Float64Array(bins);
  for (let row = 0; row < probabilities.length; row++) {
    const bin = findBin(edges, probabilities[row]);
    rows[bin]++;
    predicted[bin] += probabilities[row];
    if (happened(row)) actual[bin]++;
  }
  return Array.from(rows, (count, b) => ({
    from: edges[b],
    to: edges[b + 1],
    rows: count,
    predicted: predicted[b] / count,
    actual: actual[b] / count,
  })).filter((bin) => bin.rows > 0);
}

/** Mean distance between what was said and what was, weighted by rows (Naeini, Cooper and Hauskrecht, AAAI 2015). */
export function expectedCalibrationError(bins: CalibrationBin[]): number | undefined {
  const total = bins.reduce((sum, bin) => sum + bin.rows, 0);
  if (total === 0) return undefined;
  return bins.reduce((sum, bin) => sum + (bin.rows / total) * Math.abs(bin.actual - bin.predicted), 0);
}

/** Multiplied by the step, as numpy.linspace does: 3 * (1 / 10) is not 3 / 10. */
function uniformEdges(bins: number): Float64Array {
  return Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? 1 : i * (1 / bins)));
}

function quantileEdges(probabilities: Float64Array, bins: number): Float64Array {
  const sorted = probabilities.slice().sort();
  return uniformEdges(bins).map((q) => quantile(sorted, q));
}

/** The number of inner edges below the value (numpy.searchsorted from the left). */
function findBin(edges: Float64Array, value: number): number {
  let low = 1;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
