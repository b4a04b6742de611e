import { NumericalError } from '../../numerical.ts';

/** A pivot below this share of the diagonal is what rounding leaves of 0. */
const RANK_TOLERANCE = 1e-14;
/** The first that is tried: about half of float64's digits stay right, and half of those that it disturbs. */
const FIRST_JITTER = 1e-8;

export interface Factor {
  /** [n, n], lower triangle: L with L L' = A, A having `jitter` added to its diagonal. */
  lower: Float64Array;
  /** 0 as a rule; else the smallest of 1e-8, 1e-6 ... that makes A positive definite. */
  jitter: number;
}

/**
 * Cholesky's decomposition of a symmetric matrix with no negative eigenvalue and a diagonal of about 1.
 *
 * @param a [n, n]; only the lower triangle is read
 */
export function factorise(a: Float64Array, n: number): Factor {
  for (let jitter = 0; ; jitter = jitter === 0 ? FIRST_JITTER : jitter * 100) {
    const lower = a.slice();
    for (let i = 0; i < n; i++) lower[i * n + i] += jitter;
    if (decompose(lower, n)) return { lower, jitter };
  }
}

/** Solves L x = b in place. */
export function solveLower(lower: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= lower[i * n + k] * b[k];
    b[i] = sum / lower[i * n + i];
  }
}

/** Solves L' x = b in place. */
export function solveUpper(lower: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i];
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i] * b[k];
    b[i] = sum / lower[i * n + i];
  }
}

function decompose(a: Float64Array, n: number): boolean {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a[i * n + i]);
  const least = largest * n * RANK_TOLERANCE;
  for (let j = 0; j < n; j++) {
    let pivot = a[j * n + j];
    for (let k = 0; k < j; k++) pivot -= a[j * n + k] * a[j * n + k];
    if (!(pivot > least)) {
      if (Number.isFinite(pivot)) return false;
      throw new NumericalError('The normal equations overflow: a feature or the target is too large.');
    }
    const root = Math.sqrt(pivot);
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = sum / root;
    }
  }
  return true;
}
