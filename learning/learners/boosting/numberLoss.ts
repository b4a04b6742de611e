import type { Loss } from './loss.ts';

/** Half the squared error; answers the mean. */
export const squaredLoss: Loss = {
  scores: 1,
  start(y, rows) {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += y[i];
    return Float64Array.of(sum / rows);
  },
  derive(y, scores, rows, _stride, gradients, hessians) {
    for (let i = 0; i < rows; i++) gradients[i] = scores[i] - y[i];
    hessians.fill(1, 0, rows);
  },
  mean: meanOf((residual) => (residual * residual) / 2),
};

/**
 * The pinball loss, least at the `level`-quantile (Koenker and Bassett, Econometrica 46, 1978); level 1/2 is half the
 * absolute error, and answers the median. Flat pieces have no second derivative, so a leaf steps to the quantile of its
 * rows' residuals (Friedman 2001, algorithm 3).
 */
export function quantileLoss(level: number): Loss {
  return {
    scores: 1,
    start: (y, rows) => Float64Array.of(quantileOf(y.slice(0, rows), level)),
    derive(y, scores, rows, _stride, gradients, hessians) {
      for (let i = 0; i < rows; i++) gradients[i] = y[i] > scores[i] ? -level : 1 - level;
      hessians.fill(1, 0, rows);
    },
    mean: meanOf((residual) => (residual > 0 ? level : level - 1) * residual),
    step: (y, scores, rows, from, to) =>
      quantileOf(
        Float64Array.from({ length: to - from }, (_, i) => y[rows[from + i]] - scores[rows[from + i]]),
        level,
      ),
  };
}

function meanOf(loss: (residual: number) => number): Loss['mean'] {
  return (y, scores, from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += loss(y[i] - scores[i]);
    return sum / (to - from);
  };
}

/** By straight lines between the sorted values, as numpy does; sorts them in place. */
function quantileOf(values: Float64Array, level: number): number {
  values.sort();
  const position = level * (values.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (position - below) * (values[above] - values[below]);
}
