import { meanOf, type Estimate } from './estimate.ts';

/** Mean absolute error, in units of the target. */
export function mae(y: Float64Array, predictions: Float64Array): Estimate {
  return meanOf(y.length, (row) => Math.abs(y[row] - predictions[row]));
}

/** Root of the mean squared error, in units of the target; its standard error by the delta method. */
export function rmse(y: Float64Array, predictions: Float64Array): Estimate {
  const { value, standardError } = meanOf(y.length, (row) => (y[row] - predictions[row]) ** 2);
  if (value === undefined) return { value };
  const root = Math.sqrt(value);
  return {
    value: root,
    standardError: standardError === undefined ? undefined : root === 0 ? 0 : standardError / (2 * root),
  };
}

/**
 * Coefficient of determination: 1 - squared error / squared deviation from the mean of these rows.
 * Undefined where the target is constant (scikit-learn answers 1 or 0 there) or has fewer than two rows.
 */
export function r2(y: Float64Array, predictions: Float64Array): Estimate {
  const mean = meanOf(y.length, (row) => y[row]).value;
  if (mean === undefined || y.every((value) => value === y[0])) return { value: undefined };
  let residual = 0;
  let total = 0;
  for (let row = 0; row < y.length; row++) {
    residual += (y[row] - predictions[row]) ** 2;
    total += (y[row] - mean) ** 2;
  }
  return { value: 1 - residual / total };
}
