/**
 * The beta distribution in log space, for counts from 0 to 1e9: no overflow, no NaN, tails far below 1e-308.
 * Checked against scipy and mpmath to 1e-10 (test/golden/canary.json).
 */

/** Natural logarithms of the two tails of Beta(a, b) at x: P(X < x) and P(X > x). */
export interface LogTails {
  lower: number;
  upper: number;
}

/**
 * By the continued fraction of the regularised incomplete beta function (DLMF 8.17.22, modified Lentz). It is taken on
 * the side where it converges fast; the other tail is its complement, which is then the larger one and loses nothing.
 *
 * @param x 0 < x < 1
 * @param a > 0
 * @param b > 0
 */
export function logBetaTails(x: number, a: number, b: number): LogTails {
  const power = logBetaPower(x, a, b);
  if (x < (a + 1) / (a + b + 2)) {
    const lower = Math.min(0, power - Math.log(a) + Math.log(continuedFraction(x, a, b)));
    return { lower, upper: logComplement(lower) };
  }
  const upper = Math.min(0, power - Math.log(b) + Math.log(continuedFraction(1 - x, b, a)));
  return { lower: logComplement(upper), upper };
}

/**
 * ln( x^a (1-x)^b / B(a, b) ). For large a and b the three terms are millions that cancel to a few units, so the
 * difference is taken as a deviance (Loader, "Fast and accurate computation of binomial probabilities", 2000).
 */
export function logBetaPower(x: number, a: number, b: number): number {
  if (a < STIRLING_FROM || b < STIRLING_FROM) return a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b);
  const n = a + b;
  return (
    0.5 * Math.log(((a / n) * b) / (2 * Math.PI)) +
    stirlingError(n) -
    stirlingError(a) -
    stirlingError(b) -
    deviance(a, n * x) -
    deviance(b, n * (1 - x))
  );
}

/** ln B(a, b), a and b > 0. */
export function logBeta(a: number, b: number): number {
  const p = Math.min(a, b);
  const q = Math.max(a, b);
  if (q < STIRLING_FROM) return logGamma(p) + logGamma(q) - logGamma(p + q);
  const n = p + q;
  const error = stirlingError(q) - stirlingError(n);
  if (p < STIRLING_FROM) return logGamma(p) + error + p - p * Math.log(n) + (q - 0.5) * Math.log1p(-p / n);
  return (
    0.5 * Math.log((2 * Math.PI) / q) +
    stirlingError(p) +
    error +
    (p - 0.5) * Math.log(p / n) +
    q * Math.log1p(-p / n)
  );
}

const STIRLING_FROM = 10;
const HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

/** ln of the gamma function, x > 0: shifted up to where Stirling's series has 16 digits. */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  for (; z < STIRLING_FROM; z++) product *= z;
  return (z - 0.5) * Math.log(z) - z + HALF_LOG_2_PI + stirlingError(z) - Math.log(product);
}

/** What Stirling's formula lacks to ln gamma(x), x >= 10 (DLMF 5.11.1; the next term is below 2e-16). */
function stirlingError(x: number): number {
  const y = 1 / (x * x);
  return (
    (1 / 12 -
      y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360_360 - y / 156)))))) /
    x
  );
}

/** observed ln(observed / expected) + expected - observed, without cancellation where the two are close. */
function deviance(observed: number, expected: number): number {
  const gap = observed - expected;
  if (Math.abs(gap) >= 0.1 * (observed + expected))
    return observed * Math.log(observed / expected) + expected - observed;
  const v = gap / (observed + expected);
  let sum = gap * v;
  let power = 2 * observed * v;
  for (let odd = 3; ; odd += 2) {
    power *= v * v;
    const next = sum + power / odd;
    if (next === sum) return sum;
    sum = next;
  }
}

/** ln(1 - e^x), x <= 0. */
function logComplement(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

/** Needs some sqrt(max(a, b)) steps: 30,000 for counts of 1e9. */
const MAX_STEPS = 1_000_000;
const TINY = 1e-300;

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = inverse(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MAX_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = inverse(1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = inverse(1 + odd * d);
    c = 1 + odd / c;
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) <= Number.EPSILON) break;
  }
  return value;
}

function inverse(value: number): number {
  return 1 / (Math.abs(value) < TINY ? TINY : value);
}
