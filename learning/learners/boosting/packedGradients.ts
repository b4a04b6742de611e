import { NumericalError } from '../../numerical.ts';
import type { Kernels } from './kernels.ts';

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
 * Packs gradients and Hessians, position by position, at scales that fit the sums over `rows`.
 *
 * @param offset of the first position in `gradients` and `hessians`
 * @param rows the positions that will be summed, the last one being the highest
 * @returns undefined where all gradients or Hessians are 0, or too small for a scale: there is nothing to learn
 * @throws NumericalError where a sum is not finite
 */
export function packGradients(
  kernels: Pick<Kernels, 'sumSizes' | 'packAll'>,
  gradients: Float64Array,
  hessians: Float64Array,
  offset: number,
  rows: Int32Array,
  into: Float64Array,
): Steps | undefined {
  const sums = kernels.sumSizes(gradients, hessians, offset, rows);
  if (!(sums.gradient + sums.hessian < Infinity)) {
    throw new NumericalError(
      'The target is too large: its errors add up to more than 64-bit floating point can hold.',
    );
  }
  const most = SHIFT - rows.length - 1;
  const steps = { gradient: most / sums.gradient, hessian: most / sums.hessian };
  if (steps.gradient === Infinity || steps.hessian === Infinity) return undefined;
  kernels.packAll(gradients, hessians, offset, rows[rows.length - 1] + 1, steps, into);
  return steps;
}

/** The sums of |gradient| and of Hessians over `rows`, in their order. */
export function sumSizes(
  gradients: Float64Array,
  hessians: Float64Array,
  offset: number,
  rows: Int32Array,
): Steps {
  let gradient = 0;
  let hessian = 0;
  for (let i = 0; i < rows.length; i++) {
    gradient += Math.abs(gradients[offset + rows[i]]);
    hessian += hessians[offset + rows[i]];
  }
  return { gradient, hessian };
}

/** Positions 0..count (excluded). One that is not summed may leave the range: nobody reads it. */
export function packAll(
  gradients: Float64Array,
  hessians: Float64Array,
  offset: number,
  count: number,
  { gradient, hessian }: Steps,
  into: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    into[i] =
      Math.floor(gradients[offset + i] * gradient + 0.5) * SHIFT +
      Math.floor(hessians[offset + i] * hessian + 0.5);
  }
}
