import { BINS, type PackedRows } from './packedBins.ts';

/** Numbers of a histogram: one a bin of a place, places of an unfilled last word included. */
export function histogramLength({ words }: PackedRows): number {
  return words * 4 * BINS;
}

/**
 * Sums packed gradients by place and bin, four places a step.
 *
 * @param rows positions, of which from..to (excluded) are counted
 * @param values the packed gradient of rows[from + i] at i
 */
export function fillHistogram(
  { bins, words }: PackedRows,
  rows: Int32Array,
  from: number,
  to: number,
  values: Float64Array,
  histogram: Float64Array,
): void {
  histogram.fill(0);
  for (let i = from; i < to; i++) {
    const value = values[i - from];
    const start = rows[i] * words;
    const end = start + words;
    let at = 0;
    for (let word = start; word < end; word++) {
      const four = bins[word];
      histogram[at + (four & 255)] += value;
      histogram[at + 256 + ((four >>> 8) & 255)] += value;
      histogram[at + 512 + ((four >>> 16) & 255)] += value;
      histogram[at + 768 + (four >>> 24)] += value;
      at += 1024;
    }
  }
}

/** The sum over all rows that were counted: every row is in one bin of the first place. */
export function totalOf(histogram: Float64Array): number {
  let total = 0;
  for (let bin = 0; bin < BINS; bin++) total += histogram[bin];
  return total;
}
