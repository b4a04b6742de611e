import { kolmogorovTail } from './kolmogorov.ts';
import { leavesCorridor, leavesSquare } from './latticePaths.ts';

export interface KolmogorovSmirnov {
  /** The largest distance between the two empirical distribution functions, 0 to 1. */
  statistic: number;
  /** Two-sided. */
  p: number;
}

/**
 * The two-sided two-sample Kolmogorov-Smirnov test, equal to `scipy.stats.ks_2samp` with its default method: exact where
 * both samples have at most 10,000 values, else the finite-sample distribution at the effective size. (The textbook limit
 * is off by up to .004.) One difference: exact paths that would take more than 50 ms are given the finite-sample
 * distribution too. That happens above a distance of 0.1 between two samples near 10,000, where p is below 1e-40.
 *
 * @param reference ascending, without NaN; ties and infinities are fine
 * @param window the same
 * @returns statistic 0 and p 1 where one of them is empty
 */
export function kolmogorovSmirnov(reference: Float64Array, window: Float64Array): KolmogorovSmirnov {
  const [m, n] = [reference.length, window.length];
  const gap = largestGap(reference, window);
  // Also where one of them is empty: there are no steps to compare.
  if (gap === 0) return { statistic: 0, p: 1 };
  const statistic = gap / (m * n);
  const p = Math.max(m, n) <= MAX_EXACT ? exactTail(m, n, gap) : undefined;
  return { statistic, p: p ?? kolmogorovTail(Math.round((m * n) / (m + n)), statistic) };
}

/** Up to here scipy's `auto` is exact. */
const MAX_EXACT = 10_000;
/** Cells of the table of lattice paths: some 2.5 ns each. */
const MAX_CELLS = 2e7;

/**
 * max |i n - j m| over all points at which i of the m and j of the n values are counted: the distance times m n, in
 * integers, so that equal distances are equal numbers.
 */
function largestGap(reference: Float64Array, window: Float64Array): number {
  const [m, n] = [reference.length, window.length];
  let [i, j, gap, most, least] = [0, 0, 0, 0, 0];
  while (i < m && j < n) {
    const a = reference[i];
    const b = window[j];
    if (a < b) {
      i++;
      gap += n;
      if (gap > most) most = gap;
    } else if (b < a) {
      j++;
      gap -= m;
      if (gap < least) least = gap;
    } else {
      for (; i < m && reference[i] === a; i++) gap += n;
      for (; j < n && window[j] === a; j++) gap -= m;
      if (gap > most) most = gap;
      if (gap < least) least = gap;
    }
  }
  return Math.max(most, -least);
}

/** Undefined where the table of paths would be too large. */
function exactTail(m: number, n: number, gap: number): number | undefined {
  if (m === n) return leavesSquare(n, gap / n);
  const [large, small] = m > n ? [m, n] : [n, m];
  const width = Math.min(small + 1, (2 * gap) / large + 2);
  return large * width <= MAX_CELLS ? leavesCorridor(large, small, gap) : undefined;
}
