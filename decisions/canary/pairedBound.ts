/**
 * How far a mean of paired differences can be from the truth, on one side, at all times together: an asymptotic
 * confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, arXiv 2103.06476). Tightest near
 * `TIGHTEST_AT` pairs.
 *
 * @param deviation standard deviation of the differences
 * @param pairs > 0
 * @param alpha probability that the true mean is ever outside, on this side
 */
export function pairedHalfWidth(deviation: number, pairs: number, alpha: number): number {
  // Beyond 0.25 the formula for rho runs to 0; rho only says where the sequence is tight, so any value is valid.
  const tuned = Math.min(alpha, 0.25);
  const rho2 = (-2 * Math.log(2 * tuned) + Math.log(1 - 2 * Math.log(2 * tuned))) / TIGHTEST_AT;
  const spread = pairs * rho2 + 1;
  return (
    deviation *
    Math.sqrt(((2 * spread) / (pairs * pairs * rho2)) * Math.log1p(Math.sqrt(spread) / (2 * alpha)))
  );
}

/** N*: about what a promotion needs (docs/canary.md). */
const TIGHTEST_AT = 5000;
