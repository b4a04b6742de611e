import { logBinomial } from './binomial.ts';

/**
 * P(D_n >= d) of the two-sided one-sample Kolmogorov-Smirnov statistic of n values, by the plan of Simard and L'Ecuyer,
 * "Computing the two-sided Kolmogorov-Smirnov distribution" (Journal of Statistical Software 39(11), 2011): exact where
 * that is cheap, twice the one-sided tail where both sides at once are impossible or hardly count, else Pelz and Good.
 * Equal to scipy's `kstwo.sf` to 1e-9.
 *
 * @param n an integer, at least 1
 * @param d 0 to 1
 */
export function kolmogorovTail(n: number, d: number): number {
  if (n * d <= 0.5) return 1;
  if (d >= 1) return 0;
  const scaled = n * d * d;
  if (n > SMALL && scaled >= 370) return 0;
  if (d >= 0.5 || scaled > (n > SMALL ? 2.2 : 4)) return clip(2 * oneSidedTail(n, d));
  // Durbin's matrix has about (n d)^2 cells. Above 10,000 values, where it would be large, what it decides is below 1e-7
  // and Pelz and Good have ten digits of it.
  if (n <= SMALL || (n <= 10_000 && n * d ** 1.5 <= 1.4)) return clip(1 - durbin(n, d));
  return clip(1 - pelzGood(n, d));
}

const SMALL = 140;

function clip(p: number): number {
  return Math.min(1, Math.max(0, p));
}

/**
 * P(D_n+ >= d), exactly (Birnbaum and Tingey, Annals of Mathematical Statistics 22, 1951): a sum of positive terms, each
 * of which is a binomial probability. Summed from the middle both ways until they count no more: they rise to one peak, as
 * their exponents are a concave function of v.
 */
function oneSidedTail(n: number, d: number): number {
  const last = Math.ceil(n * (1 - d)) - 1;
  const term = (v: number): number => {
    if (v === 0) return Math.exp(n * Math.log1p(-d));
    const p = d + v / n;
    return p >= 1 ? 0 : (d / p) * Math.exp(logBinomial(v, n, p));
  };
  const middle = Math.floor(last / 2);
  let sum = 0;
  const add = (from: number, to: number, step: number) => {
    for (let v = from; v !== to + step; v += step) {
      const one = term(v);
      sum += one;
      if (one < sum * 1e-18) break;
    }
  };
  add(middle, 0, -1);
  if (middle < last) add(middle + 1, last, 1);
  return sum;
}

/**
 * P(D_n < d), exactly: the middle element of n!/n^n H^n, where H is a matrix of size 2 ceil(n d) - 1 (Marsaglia, Tsang
 * and Wang, "Evaluating Kolmogorov's distribution", Journal of Statistical Software 8(18), 2003).
 */
function durbin(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const size = 2 * k - 1;
  const h = k - n * d;
  let base = firstMatrix(size, h);
  let power: Float64Array | undefined;
  // Both carry a power of 2 of their own.
  let [baseExponent, exponent] = [0, 0];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) {
      power = power ? multiply(power, base, size) : base.slice();
      exponent += baseExponent;
    }
    if (rest === 1) break;
    base = multiply(base, base, size);
    baseExponent *= 2;
    if (base[(k - 1) * size + k - 1] > LARGE) {
      base = base.map((value) => value / LARGE);
      baseExponent += LARGE_EXPONENT;
    }
  }
  let p = power?.[(k - 1) * size + k - 1] ?? 0;
  for (let i = 1; i <= n; i++) {
    p *= i / n;
    if (p < 1 / LARGE) {
      p *= LARGE;
      exponent -= LARGE_EXPONENT;
    }
  }
  return p * 2 ** exponent;
}

const LARGE_EXPONENT = 128;
const LARGE = 2 ** LARGE_EXPONENT;

function firstMatrix(size: number, h: number): Float64Array {
  const matrix = new Float64Array(size * size);
  const overFactorial = new Float64Array(size + 1).fill(1);
  for (let i = 1; i <= size; i++) overFactorial[i] = overFactorial[i - 1] / i;
  for (let row = 0; row < size; row++) {
    for (let column = 1; column <= Math.min(row + 1, size - 1); column++) {
      matrix[row * size + column] = overFactorial[row - column + 1];
    }
  }
  for (let i = 0; i < size; i++) {
    const value = (1 - h ** (i + 1)) * overFactorial[i + 1];
    matrix[i * size] = value;
    matrix[(size - 1) * size + (size - 1 - i)] = value;
  }
  const corner = 1 - 2 * h ** size + Math.max(2 * h - 1, 0) ** size;
  matrix[(size - 1) * size] = corner * overFactorial[size];
  return matrix;
}

function multiply(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k];
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) product[i * size + j] += factor * b[k * size + j];
    }
  }
  return product;
}

/**
 * P(D_n < d) to order n^(-3/2): four sums over k of theta functions (Pelz and Good, "Approximating the lower tail-areas
 * of the Kolmogorov-Smirnov one-sample statistic", Journal of the Royal Statistical Society B 38(2), 1976).
 */
function pelzGood(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const [z2, z4, z6, z8] = [z ** 2, z ** 4, z ** 6, z ** 8];
  const [pi2, pi4, pi6] = [Math.PI ** 2, Math.PI ** 4, Math.PI ** 6];
  const sums = [0, 0, 0, 0];
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k >= 1; k--) {
    const m2 = (2 * k - 1) ** 2;
    const q = Math.exp((-pi2 * m2) / (8 * z2));
    sums[0] += q;
    sums[1] += q * (-z2 + (pi2 / 4) * m2);
    sums[2] +=
      q * (6 * z6 + 2 * z4 + ((pi2 * (2 * z4 - 5 * z2)) / 4) * m2 + ((pi4 * (1 - 2 * z2)) / 16) * m2 ** 2);
    sums[3] +=
      q *
      (-30 * z6 -
        90 * z8 +
        ((pi2 * (135 * z4 - 96 * z6)) / 4) * m2 +
        ((pi4 * (212 * z4 - 60 * z2)) / 16) * m2 ** 2 +
        ((pi6 * (5 - 30 * z2)) / 64) * m2 ** 3);
  }
  let [second, third] = [0, 0];
  for (let k = terms; k >= 1; k--) {
    const q = k ** 2 * Math.exp((-pi2 * k ** 2) / (2 * z2));
    second += q;
    third += q * (3 * z2 - pi2 * k ** 2);
  }
  const root = Math.sqrt(2 * Math.PI);
  return (
    (root * sums[0]) / z +
    (root * sums[1]) / (6 * z4) / n ** 0.5 +
    (root * (sums[2] / (72 * z ** 7) - (pi2 * second) / (36 * z ** 3))) / n +
    (root * (sums[3] / (6480 * z ** 10) + (pi2 * third) / (216 * z6))) / n ** 1.5
  );
}
