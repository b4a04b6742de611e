import { Random } from './rng.ts';
import { sortFloats } from './sortFloats.ts';
import type { BinnedMatrix } from './types.ts';

export const MAX_BINS = 256;

/** Quantiles of more rows than this are taken over a sample; 200,000 is what scikit-learn and LightGBM use. */
const SAMPLE_ROWS = 200_000;
/** Which rows are sampled depends on their number alone, so that a matrix has one binning. */
const SAMPLE_SEED = 0x6269_6e73;

/**
 * Puts every value into one of at most `maxBins` bins of its column: with few distinct values each gets its own,
 * else the bins hold about equally many rows.
 *
 * @param x [rows, columns], row-major, float32, finite but for the columns of `gaps`, which may hold NaN
 * @param allocate makes the array of bins; hand in one on a SharedArrayBuffer to use it on several threads
 * @param categories as of BinnedMatrix: each gets its own bin, whether it occurs or not
 * @throws RangeError for a value that is not finite, naming row and column
 */
export function binMatrix(
  x: Float32Array,
  rows: number,
  columns: number,
  maxBins = MAX_BINS,
  allocate: (length: number) => Uint8Array = (length) => new Uint8Array(length),
  gaps?: Uint8Array,
  categories?: Uint8Array,
): BinnedMatrix {
  const edges = findEdges(x, rows, columns, 0, columns, maxBins, gaps, categories);
  const bins = allocate(rows * columns);
  assignBins(x, columns, edges, bins, 0, rows, gaps);
  return { rows, columns, bins, edges, ...(gaps && { gaps }), ...(categories && { categories }) };
}

/** The bin of missing values of a column; -1 where none may be missing. */
export function missingBinOf({ edges, gaps }: Pick<BinnedMatrix, 'edges' | 'gaps'>, column: number): number {
  return gaps?.[column] ? edges[column].length + 1 : -1;
}

/**
 * The number that a cut behind a bin compares with: values up to it go left. Behind the last bin of values, whose
 * missing ones go right, all values do.
 */
export function valueOfCut(edges: Float32Array, cut: number): number {
  return cut < edges.length ? edges[cut] : MAX_FLOAT;
}

const MAX_FLOAT = 3.4028234663852886e38;

/**
 * The edges of columns `from` to `to` (excluded), ascending float32. An edge e between neighbouring values a < b
 * keeps a <= e < b after rounding, so `v <= e` cuts the same rows in float32 and in float64.
 */
export function findEdges(
  x: Float32Array,
  rows: number,
  columns: number,
  from: number,
  to: number,
  maxBins = MAX_BINS,
  gaps?: Uint8Array,
  categories?: Uint8Array,
): Float32Array[] {
  if (!Number.isInteger(maxBins) || maxBins < 2 || maxBins > MAX_BINS) {
    throw new RangeError(`maxBins is an integer from 2 to ${MAX_BINS}, not ${maxBins}.`);
  }
  const sample = sampleRows(rows);
  const values = new Float32Array(sample.length);
  const edges: Float32Array[] = [];
  for (let column = from; column < to; column++) {
    const named = categories?.[column] ?? 0;
    if (named > 0) {
      edges.push(Float32Array.from({ length: named }, (_, category) => category + 0.5));
      continue;
    }
    for (let i = 0; i < sample.length; i++) values[i] = x[sample[i] * columns + column];
    sortFloats(values);
    // Missing values are sorted to the end, and have a bin of their own.
    const there = gaps?.[column] ? values.subarray(0, countNumbers(values)) : values;
    edges.push(edgesOfSorted(there, gaps?.[column] ? maxBins - 1 : maxBins));
  }
  return edges;
}

/** Writes the bins of rows `from` to `to` (excluded) of all columns. */
export function assignBins(
  x: Float32Array,
  columns: number,
  edges: readonly Float32Array[],
  bins: Uint8Array,
  from: number,
  to: number,
  gaps?: Uint8Array,
): void {
  // As many edges for every column, so that the search has the same eight steps for every value.
  const padded = new Float32Array(MAX_BINS);
  for (let column = 0; column < columns; column++) {
    padded.fill(Infinity).set(edges[column]);
    for (let row = from, at = from * columns + column; row < to; row++, at += columns) {
      const value = x[at];
      if (value !== value && gaps?.[column]) {
        bins[at] = edges[column].length + 1;
        continue;
      }
      if (!(value - value === 0))
        throw new RangeError(`Row ${row} of column ${column} is ${value}; features must be finite.`);
      let low = value > padded[127] ? 128 : 0;
      low += value > padded[low + 63] ? 64 : 0;
      low += value > padded[low + 31] ? 32 : 0;
      low += value > padded[low + 15] ? 16 : 0;
      low += value > padded[low + 7] ? 8 : 0;
      low += value > padded[low + 3] ? 4 : 0;
      low += value > padded[low + 1] ? 2 : 0;
      low += value > padded[low] ? 1 : 0;
      bins[at] = low;
    }
  }
}

/** All rows, or one from each of SAMPLE_ROWS equal stretches: even over the file, and blind to its periods. */
function sampleRows(rows: number): Int32Array {
  if (rows <= SAMPLE_ROWS) return Int32Array.from({ length: rows }, (_, row) => row);
  const random = new Random(SAMPLE_SEED);
  const stretch = rows / SAMPLE_ROWS;
  return Int32Array.from({ length: SAMPLE_ROWS }, (_, i) =>
    Math.min(rows - 1, Math.floor((i + random.unit()) * stretch)),
  );
}

function edgesOfSorted(sorted: Float32Array, maxBins: number): Float32Array {
  const distinct = countDistinct(sorted, maxBins);
  const edges: number[] = [];
  if (distinct <= maxBins) {
    for (let i = 1; i < sorted.length; i++)
      if (sorted[i] !== sorted[i - 1]) edges.push(between(sorted[i - 1], sorted[i]));
    return Float32Array.from(edges);
  }
  // Each bin takes its share of the rows that are left, so a value with many rows does not starve the later bins.
  let start = 0;
  while (edges.length < maxBins - 1) {
    const share = (sorted.length - start) / (maxBins - edges.length);
    let end = Math.max(start + 1, Math.ceil(start + share));
    while (end < sorted.length && sorted[end] === sorted[end - 1]) end++;
    if (end >= sorted.length) break;
    edges.push(between(sorted[end - 1], sorted[end]));
    start = end;
  }
  return Float32Array.from(edges);
}

function countNumbers(sorted: Float32Array): number {
  let count = sorted.length;
  while (count > 0 && Number.isNaN(sorted[count - 1])) count--;
  return count;
}

/** Up to limit + 1. */
function countDistinct(sorted: Float32Array, limit: number): number {
  let distinct = sorted.length > 0 ? 1 : 0;
  for (let i = 1; i < sorted.length && distinct <= limit; i++) if (sorted[i] !== sorted[i - 1]) distinct++;
  return distinct;
}

/** The float32 nearest to the middle of a < b that is below b. */
function between(a: number, b: number): number {
  const middle = Math.fround((a + b) / 2);
  return middle < b ? middle : a;
}
