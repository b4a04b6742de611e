import { meanOf } from './estimate.ts';
import { quantile } from './quantile.ts';

/** What a regression gets wrong. A residual is actual - predicted: above 0 the model said too little. */
export interface Residuals {
  mean: number;
  /** Sample standard deviation; absent for one row. */
  std?: number;
  min: number;
  max: number;
  /** The 5 %, 25 %, 50 %, 75 % and 95 % quantiles. */
  quantiles: { q: number; value: number }[];
  histogram: Histogram;
  /** Ten groups of about equally many rows by prediction, ascending; fewer where predictions are tied. */
  deciles: { rows: number; predicted: number; actual: number }[];
  /** Actual against predicted, on one grid with the same edges both ways. */
  density: Density;
}

/** Bins of equal width over the middle 99 % of the values. */
export interface Histogram {
  /** [bins + 1], ascending. */
  edges: number[];
  counts: number[];
  /** Values below the first and above the last edge. */
  outside: number;
}

export interface Density {
  /** [bins + 1], ascending, of both axes: the middle 99 % of actual and predicted values. */
  edges: number[];
  /** Cells with rows in them, as bin of the prediction, bin of the actual value, rows. */
  cells: [predicted: number, actual: number, rows: number][];
  outside: number;
}

/** @param y [rows] actual values, at least one; @param predictions [rows] */
export function summariseResiduals(y: Float64Array, predictions: Float64Array): Residuals {
  const residuals = y.map((value, row) => value - predictions[row]);
  const sorted = residuals.slice().sort();
  const { value: mean, standardError } = meanOf(y.length, (row) => residuals[row]);
  if (mean === undefined) throw new RangeError('There are no rows to summarise.');
  return {
    mean,
    std: standardError === undefined ? undefined : standardError * Math.sqrt(y.length),
    min: sorted[0],
    max: sorted[sorted.length - 1],
    quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((q) => ({ q, value: quantile(sorted, q) })),
    histogram: histogram(residuals, sorted),
    deciles: decilesByPrediction(y, predictions),
    density: density(y, predictions),
  };
}

const HISTOGRAM_BINS = 41;
const DENSITY_BINS = 40;
/** Of each end: a handful of outliers would otherwise leave one bin for everything else. */
const TAIL = 0.005;

function histogram(values: Float64Array, sorted: Float64Array): Histogram {
  const edges = evenEdges(quantile(sorted, TAIL), quantile(sorted, 1 - TAIL), HISTOGRAM_BINS);
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  let outside = 0;
  for (const value of values) {
    const bin = binOf(edges, value);
    if (bin === undefined) outside++;
    else counts[bin]++;
  }
  return { edges, counts, outside };
}

function density(y: Float64Array, predictions: Float64Array): Density {
  const both = new Float64Array(y.length * 2);
  both.set(y);
  both.set(predictions, y.length);
  both.sort();
  const edges = evenEdges(quantile(both, TAIL), quantile(both, 1 - TAIL), DENSITY_BINS);
  const counts = new Float64Array(DENSITY_BINS * DENSITY_BINS);
  let outside = 0;
  for (let row = 0; row < y.length; row++) {
    const i = binOf(edges, predictions[row]);
    const j = binOf(edges, y[row]);
    if (i === undefined || j === undefined) outside++;
    else counts[i * DENSITY_BINS + j]++;
  }
  const cells: Density['cells'] = [];
  counts.forEach((rows, cell) => {
    if (rows > 0) cells.push([Math.floor(cell / DENSITY_BINS), cell % DENSITY_BINS, rows]);
  });
  return { edges, cells, outside };
}

function decilesByPrediction(y: Float64Array, predictions: Float64Array): Residuals['deciles'] {
  const sorted = predictions.slice().sort();
  const edges = Float64Array.from({ length: 9 }, (_, i) => quantile(sorted, (i + 1) / 10));
  const groups = Array.from({ length: 10 }, () => ({ rows: 0, predicted: 0, actual: 0 }));
  for (let row = 0; row < y.length; row++) {
    // Tied predictions fall on the same side of an edge, so the order of the rows does not matter.
    const group = groups[edges.filter((edge) => edge < predictions[row]).length];
    group.rows++;
    group.predicted += predictions[row];
    group.actual += y[row];
  }
  return groups
    .filter(({ rows }) => rows > 0)
    .map(({ rows, predicted, actual }) => ({ rows, predicted: predicted / rows, actual: actual / rows }));
}

function evenEdges(low: number, high: number, bins: number): number[] {
  // All values equal: a bin of some width around them.
  const pad = low === high ? Math.max(Math.abs(low) * 1e-6, 1e-6) : 0;
  const from = low - pad;
  const width = (high + pad - from) / bins;
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high + pad : from + i * width));
}

function binOf(edges: number[], value: number): number | undefined {
  const bins = edges.length - 1;
  if (value < edges[0] || value > edges[bins]) return undefined;
  const guess = Math.floor(((value - edges[0]) / (edges[bins] - edges[0])) * bins);
  return Math.min(bins - 1, guess);
}
