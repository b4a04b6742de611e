import { factorise, solveLower, solveUpper } from './cholesky.ts';

/**
 * A linear change of variables that makes a positive definite matrix H the identity: steps = T u with T' H T = 1.
 * In such coordinates an objective with Hessian H curves equally in every direction, so that L-BFGS needs a few
 * iterations where it took hundreds, and the length of the gradient is Newton's decrement, whatever the features' units.
 */
export class Whitening {
  /** 1 / sqrt of the diagonal of H; 0 where that is 0, which holds the variable still. */
  readonly #scale: Float64Array;
  readonly #lower: Float64Array | undefined;

  /**
   * @param diagonal [n], of H
   * @param like [n, n], lower triangle, scaled in place: H itself or an estimate of it, of which only the correlations are
   *   taken; absent: H is taken for its diagonal
   */
  constructor(diagonal: Float64Array, like?: Float64Array) {
    this.#scale = inverseRoots(diagonal);
    if (!like) return;
    const n = diagonal.length;
    const own = inverseRoots(diagonal.map((_, i) => like[i * n + i]));
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) like[i * n + k] *= own[i] * own[k];
      like[i * n + i] = 1;
    }
    this.#lower = factorise(like, n).lower;
  }

  /** T u, in place. */
  toStep(u: Float64Array): void {
    if (this.#lower) solveUpper(this.#lower, u);
    for (let i = 0; i < u.length; i++) u[i] *= this.#scale[i];
  }

  /** T' g, in place: the gradient by u from the gradient by steps. */
  toGradient(g: Float64Array): void {
    for (let i = 0; i < g.length; i++) g[i] *= this.#scale[i];
    if (this.#lower) solveLower(this.#lower, g);
  }
}

function inverseRoots(diagonal: Float64Array): Float64Array {
  return diagonal.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
}
