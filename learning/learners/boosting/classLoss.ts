import { exp } from '../../kernels/exp.ts';
import type { Kernels } from './kernels.ts';
import type { Loss } from './loss.ts';

/** A class without rows has this share: its score is low, and finite. */
const LEAST_SHARE = 1e-15;

/** Log loss of two classes by one score, the log odds of class 1 (Friedman, Annals of Statistics 29, 2001). */
export const logLoss = (kernels: Kernels): Loss => ({
  scores: 1,
  start(y, rows, weights) {
    const share = shareOf(1, y, rows, weights);
    return Float64Array.of(Math.log(share / (1 - share)));
  },
  derive: (...all) => kernels.deriveLogistic(...all),
  mean(y, scores, from, to, _stride, weights) {
    let sum = 0;
    let total = 0;
    for (let i = from; i < to; i++) {
      const against = y[i] === 1 ? -scores[i] : scores[i];
      const weight = weights ? weights[i] : 1;
      total += weight;
      sum += weight * (Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against))));
    }
    return sum / total;
  },
});

/**
 * Log loss of several classes by a score each. The Hessian's diagonal is stretched by classes / (classes - 1), since
 * the scores have one freedom too many (Friedman 2001, algorithm 6; so does LightGBM).
 */
export function softmaxLoss(classes: number, kernels: Kernels): Loss {
  return {
    scores: classes,
    start: (y, rows, weights) =>
      Float64Array.from({ length: classes }, (_, k) => Math.log(shareOf(k, y, rows, weights))),
    derive: (y, scores, rows, stride, gradients, hessians) =>
      kernels.deriveSoftmax(y, scores, classes, rows, stride, gradients, hessians),
    mean(y, scores, from, to, stride, weights) {
      let loss = 0;
      let total = 0;
      for (let i = from; i < to; i++) {
        let highest = scores[i];
        for (let k = 1; k < classes; k++) highest = Math.max(highest, scores[k * stride + i]);
        let sum = 0;
        for (let k = 0; k < classes; k++) sum += Math.exp(scores[k * stride + i] - highest);
        const weight = weights ? weights[i] : 1;
        total += weight;
        loss += weight * (Math.log(sum) + highest - scores[y[i] * stride + i]);
      }
      return loss / total;
    },
  };
}

/** Writes the derivatives of `logLoss` at positions 0..rows (excluded). */
export function deriveLogistic(
  y: Float64Array,
  scores: Float64Array,
  rows: number,
  _stride: number,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  for (let i = 0; i < rows; i++) {
    const p = 1 / (1 + exp(-scores[i]));
    gradients[i] = p - y[i];
    hessians[i] = p * (1 - p);
  }
}

/** Writes the derivatives of `softmaxLoss` at positions 0..rows (excluded). */
export function deriveSoftmax(
  y: Float64Array,
  scores: Float64Array,
  classes: number,
  rows: number,
  stride: number,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  const stretch = classes / (classes - 1);
  for (let i = 0; i < rows; i++) {
    let highest = scores[i];
    for (let k = 1, at = i + stride; k < classes; k++, at += stride)
      if (scores[at] > highest) highest = scores[at];
    let sum = 0;
    for (let k = 0, at = i; k < classes; k++, at += stride) {
      const power = exp(scores[at] - highest);
      gradients[at] = power;
      sum += power;
    }
    for (let k = 0, at = i; k < classes; k++, at += stride) {
      const p = gradients[at] / sum;
      gradients[at] = y[i] === k ? p - 1 : p;
      hessians[at] = stretch * p * (1 - p);
    }
  }
}

function shareOf(index: number, y: Float64Array, rows: number, weights?: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = weights ? weights[i] : 1;
    total += weight;
    if (y[i] === index) sum += weight;
  }
  return Math.min(1 - LEAST_SHARE, Math.max(LEAST_SHARE, sum / total));
}
