import { factorise, solveLower, solveUpper } from './cholesky.ts';

/**
 * A linear change of variables that makes a positive definite matrix H the identity: steps = T u with T' H T = 1.
 * In such coordinates an objective with Hessian H curves equally in every direction, so that L-BFGS needs tens of
 * iterations where it took hundreds, and the length of the gradient is Newton's decrement, whatever the features' units.
 */
export class Whitening {
  /** 1 / sqrt of the diagonal of H; 0 where that is 0, which holds the variable still. */
  readonly #scale: Float64Array;
  readonly #lower: Float64Array | undefined;

  /**
   * @param hessian [n, n], lower triangle; scaled in place
   * @param full false: only the diagonal is looked at
   */
  constructor(hessian: Float64Array, n: number, full: boolean) {
    this.#scale = Float64Array.from({ length: n }, (_, i) => {
      const diagonal = hessian[i * n + i];
      return diagonal > 0 ? 1 / Math.sqrt(diagonal) : 0;
    });
    if (!full) return;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) hessian[i * n + k] *= this.#scale[i] * this.#scale[k];
      hessian[i * n + i] = 1;
    }
    this.#lower = factorise(hessian, n).lower;
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
