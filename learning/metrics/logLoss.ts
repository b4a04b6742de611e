import { meanOf, type Estimate } from './estimate.ts';

/**
 * Mean negative natural logarithm of the probability of the true class, in nats.
 * Probabilities are clipped to [eps, 1 - eps] with eps = 2^-52, as scikit-learn 1.9 clips float64: one certain and wrong
 * answer costs 36.04, not infinity. (scikit-learn clips float32 arrays by 2^-23; cast them to float64 to compare.)
 */
export function logLoss(y: Float64Array, probabilities: Float64Array, classes: number): Estimate {
  return meanOf(y.length, (row) => {
    const p = probabilities[row * classes + y[row]];
    return -Math.log(Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON));
  });
}
