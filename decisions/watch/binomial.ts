import { logBetaPower } from '../canary/beta.ts';

/**
 * ln of the probability of k successes among n, without the cancellation of three large logarithms of factorials.
 *
 * @param k an integer, 0 to n
 * @param p 0 < p < 1
 */
export function logBinomial(k: number, n: number, p: number): number {
  if (k === 0) return n * Math.log1p(-p);
  if (k === n) return n * Math.log(p);
  // 1 / B(k, n - k) is the binomial coefficient times k (n - k) / n.
  return logBetaPower(p, k, n - k) + Math.log(n / k / (n - k));
}
