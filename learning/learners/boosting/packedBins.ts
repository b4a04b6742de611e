import type { BinnedMatrix } from '../../types.ts';
import type { Kernels } from './kernels.ts';

/** Bins of a column start this many numbers apart in a histogram. */
export const BINS = 256;

/**
 * The bins of the rows at hand by position, in the two orders that boosting reads them: a row's bins four to a word
 * to count it in one pass, a column's bins in a row to cut by it. Copied once for a fit, which is a pass over them.
 */
export interface Columns {
  /** How many rows; position i is the i-th of those that were handed in. */
  length: number;
  /** [columns, length] */
  bins: Uint8Array;
  /** Per column, how many bins it has, that of missing values included. */
  binsOf: Int32Array;
}

export function gatherColumns(
  { bins, columns, edges, gaps }: BinnedMatrix,
  rows: Int32Array,
  kernels: Pick<Kernels, 'uint8'>,
): Columns {
  const { length } = rows;
  const gathered = kernels.uint8(length * columns);
  for (let i = 0; i < length; i++) {
    const at = rows[i] * columns;
    for (let c = 0, to = i; c < columns; c++, to += length) gathered[to] = bins[at + c];
  }
  return {
    length,
    bins: gathered,
    binsOf: Int32Array.from(edges, (of, c) => of.length + 1 + (gaps?.[c] ?? 0)),
  };
}

/** Words that hold the bins of as many columns. */
export const wordsOf = (columns: number) => Math.ceil(columns / 4);

/** Some columns, a row's bins side by side. */
export interface PackedRows {
  /** The columns, in the order of their places in a row and in a histogram. */
  columns: Int32Array;
  /** Per place, how many bins it has. */
  binsOf: Int32Array;
  /** Words a row; the places that are left in the last one are 0. */
  words: number;
  /** [length, words], place p in byte p % 4 of word p / 4, the lowest byte first. */
  bins: Int32Array;
}

/** @param into at least as long; words of other columns may be in it */
export function packRows(
  { length, bins, binsOf }: Columns,
  columns: Int32Array,
  into: { binsOf: Int32Array; bins: Int32Array },
): PackedRows {
  const words = wordsOf(columns.length);
  const packed = into.bins.subarray(0, length * words).fill(0);
  columns.forEach((column, place) => {
    const shift = (place & 3) << 3;
    const from = column * length;
    for (let i = 0, to = place >> 2; i < length; i++, to += words) packed[to] |= bins[from + i] << shift;
  });
  const own = into.binsOf.subarray(0, columns.length);
  columns.forEach((column, place) => (own[place] = binsOf[column]));
  return { columns, binsOf: own, words, bins: packed };
}
