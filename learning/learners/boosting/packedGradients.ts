import { NumericalError } from '../../numerical.ts';

/**
 * A gradient and a Hessian as two integers in one float64, gradient * 2^26 + Hessian: one addition sums both, every
 * sum is exact whatever its order, and so is a histogram less another. The scales are the finest at which no sum over
 * the rows leaves its 26 bits; with 100,000 rows a mean gradient is about 670 steps (LightGBM's quantised training
 * makes do with 4: Shi et al., "Quantized Training of Gradient Boosting Decision Trees", NeurIPS 2022).
 */
export const SHIFT = 2 ** 26;

/** Each rounding may add half a step to a sum, so rows cost range. */
export const MAX_ROWS = 2 ** 25;

export interface Steps {
  /** Steps to 1 of a gradient, and of a Hessian. */
  gradient: number;
  hessian: number;
}

/**
 * Packs the rows' gradients and Hessians, position by position.
 *
 * @param offset of the first position in `gradients` and `hessians`
 * @returns undefined where all gradients or Hessians are 0, or too small for a scale: there is nothing to learn
 * @throws NumericalError where a sum is not finite
 */
export function packGradients(
  gradients: Float64Array,
  hessians: Float64Array,
  offset: number,
  rows: Int32Array,
  into: Float64Array,
): Steps | undefined {
  let sumGradient = 0;
  let sumHessian = 0;
  for (const row of rows) {
    sumGradient += Math.abs(gradients[offset + row]);
    sumHessian += hessians[offset + row];
  }
  if (!(sumGradient + sumHessian < Infinity)) {
    throw new NumericalError(
      'The target is too large: its errors add up to more than 64-bit floating point can hold.',
    );
  }
  const most = SHIFT - rows.length - 1;
  const gradient = most / sumGradient;
  const hessian = most / sumHessian;
  if (gradient === Infinity || hessian === Infinity) return undefined;
  for (const row of rows) {
    into[row] =
      Math.floor(gradients[offset + row] * gradient + 0.5) * SHIFT +
      Math.floor(hessians[offset + row] * hessian + 0.5);
  }
  return { gradient, hessian };
}
