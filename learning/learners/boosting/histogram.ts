import { BINS, wordsOf, type PackedRows } from './packedBins.ts';

/** Numbers of a histogram of as many columns: one a bin of a place, places of an unfilled last word included. */
export function histogramLength(columns: number): number {
  return wordsOf(columns) * 4 * BINS;
}

/**
 * Sums packed gradients by place and bin, four places a step.
 *
 * @param rows positions, of which from..to (excluded) are counted
 * @param packed by position
 * @param histogram overwritten; longer where it is made for more columns
 */
export function fillHistogram(
  { bins, words }: PackedRows,
  rows: Int32Array,
  from: number,
  to: number,
  packed: Float64Array,
  histogram: Float64Array,
): void {
  histogram.fill(0, 0, words * 4 * BINS);
  for (let i = from; i < to; i++) {
    const row = rows[i];
    const value = packed[row];
    const start = row * words;
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

/** How many of the positions rows[from..to] lie in each bin of each place, as `fillHistogram` lays them out. */
export function countRows(
  { bins, words, columns }: PackedRows,
  rows: Int32Array,
  from: number,
  to: number,
): Int32Array {
  const counts = new Int32Array(words * 4 * BINS);
  for (let i = from; i < to; i++) {
    const start = rows[i] * words;
    for (let place = 0; place < columns.length; place++)
      counts[place * BINS + ((bins[start + (place >> 2)] >>> ((place & 3) << 3)) & 255)]++;
  }
  return counts;
}

/** The sum over all rows that were counted: every row is in one bin of the first place. */
export function totalOf(histogram: Float64Array): number {
  let total = 0;
  for (let bin = 0; bin < BINS; bin++) total += histogram[bin];
  return total;
}
