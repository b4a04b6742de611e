import { meanOf, type Estimate } from './estimate.ts';

/**
 * Binary: mean squared error of the positive class's probability, 0..1. Multiclass: the squared errors summed over the
 * classes, 0..2 (Brier, Monthly Weather Review 1950). The same halving as scikit-learn's `scale_by_half='auto'`.
 *
 * @param positive index of the positive class; binary only
 */
export function brier(
  y: Float64Array,
  probabilities: Float64Array,
  classes: number,
  positive?: number,
): Estimate {
  if (positive !== undefined) {
    return meanOf(
      y.length,
      (row) => (probabilities[row * classes + positive] - (y[row] === positive ? 1 : 0)) ** 2,
    );
  }
  return meanOf(y.length, (row) => {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += (probabilities[row * classes + k] - (y[row] === k ? 1 : 0)) ** 2;
    return sum;
  });
}
