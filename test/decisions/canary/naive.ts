import type { CanaryCounts } from '../../../decisions/canary/counts.ts';

/**
 * What most canary scripts do: fixed-sample z-tests, here at the same level and with the same Bonferroni correction as
 * the judge, asked at every look as though it were the only one.
 *
 * @param alpha of all guards together, one-sided
 */
export function naiveFails({ stages, pairs }: CanaryCounts, alpha: number): boolean {
  const critical = normalQuantile(1 - alpha / (pairs ? 3 : 2));
  const total = (arm: 'champion' | 'challenger', of: 'keys' | 'errorKeys' | 'slowKeys') =>
    stages.reduce((sum, stage) => sum + stage[arm][of], 0);
  const z = (of: 'errorKeys' | 'slowKeys') =>
    twoProportions(
      total('champion', of),
      total('champion', 'keys'),
      total('challenger', of),
      total('challenger', 'keys'),
    );
  if (Math.max(z('errorKeys'), z('slowKeys')) > critical) return true;
  return (
    !!pairs &&
    pairs.pairs >= 200 &&
    pairs.variance > 0 &&
    pairs.mean / Math.sqrt(pairs.variance / pairs.pairs) > critical
  );
}

/** 0 under five bad keys, where nobody would use it. */
function twoProportions(x0: number, n0: number, x1: number, n1: number): number {
  if (n0 === 0 || n1 === 0 || x0 + x1 < 5) return 0;
  const pooled = (x0 + x1) / (n0 + n1);
  return (x1 / n1 - x0 / n0) / Math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1));
}

/** By bisection of an error function good to 1e-7 (Abramowitz and Stegun 7.1.26): ample for a critical value. */
function normalQuantile(p: number): number {
  let low = -10;
  let high = 10;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = 0.5 * series * Math.exp(-x * x);
  return z > 0 ? 1 - upper : upper;
}
