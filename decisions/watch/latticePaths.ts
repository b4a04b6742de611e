/**
 * Exact probabilities of the two-sample Kolmogorov-Smirnov statistic. Where both samples are of one distribution, their
 * values, merged, are a lattice path from (0, 0) to (m, n), every one equally likely; the statistic is the farthest that
 * it goes from the diagonal (Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik
 * 3, 1958).
 */

/**
 * P(a path from (0, 0) to (n, n) reaches the lines x - y = h or x - y = -h): the reflection principle, nested so that
 * nothing cancels.
 *
 * @param h an integer, 1 to n
 */
export function leavesSquare(n: number, h: number): number {
  let p = 0;
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let term = 1;
    for (let j = 0; j < h; j++) term *= (n - k * h - j) / (n + k * h + j + 1);
    p = term * (1 - p);
  }
  return Math.min(1, 2 * p);
}

/**
 * P(a path from (0, 0) to (m, n) reaches |n x - m y| >= gap). Column by column: the share of the paths to (x, y) that have
 * been outside is the mean of the shares at its two predecessors, weighted by x and y. Shares, not counts, so nothing
 * overflows, and sums of positive terms, so a small share keeps its digits.
 *
 * @param m at least n
 * @param gap an integer, at least 1; a multiple of the greatest common divisor of m and n
 */
export function leavesCorridor(m: number, n: number, gap: number): number {
  const over = Float64Array.from({ length: m + n + 1 }, (_, i) => 1 / i);
  const column = new Float64Array(n + 1).fill(1);
  // y from `first` up to, not including, `end` is inside.
  let end = Math.min(Math.ceil(gap / m), n + 1);
  let first = 0;
  column.fill(0, 0, end);
  for (let x = 1; x <= m; x++) {
    // What the corridor has left behind stays 1, as what it has not reached is.
    const left = first;
    first = Math.max(0, Math.floor((n * x - gap) / m) + 1);
    end = Math.min(Math.ceil((n * x + gap) / m), n + 1);
    if (end <= first) return 1;
    column.fill(1, left, first);
    let share = first === 0 ? 0 : 1;
    for (let y = first; y < end; y++) {
      const weight = over[x + y];
      share = column[y] * (x * weight) + share * (y * weight);
      column[y] = share;
    }
  }
  return Math.min(1, column[n]);
}
