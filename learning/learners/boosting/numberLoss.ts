import type { Loss } from './loss.ts';

/** Half the squared error; answers the mean. */
export const squaredLoss: Loss = {
  scores: 1,
  start(y, rows, weights) {
    let sum = 0;
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const weight = weights ? weights[i] : 1;
      total += weight;
      sum += weight * y[i];
    }
    return Float64Array.of(sum / total);
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
    start: (y, rows, weights) =>
      Float64Array.of(quantileOf(y.slice(0, rows), level, weights?.subarray(0, rows))),
    derive(y, scores, rows, _stride, gradients, hessians) {
      for (let i = 0; i < rows; i++) gradients[i] = y[i] > scores[i] ? -level : 1 - level;
      hessians.fill(1, 0, rows);
    },
    mean: meanOf((residual) => (residual > 0 ? level : level - 1) * residual),
    step: (y, scores, rows, from, to, weights) =>
      quantileOf(
        Float64Array.from({ length: to - from }, (_, i) => y[rows[from + i]] - scores[rows[from + i]]),
        level,
        weights && Float64Array.from({ length: to - from }, (_, i) => weights[rows[from + i]]),
      ),
  };
}

function meanOf(loss: (residual: number) => number): Loss['mean'] {
  return (y, scores, from, to, _stride, weights) => {
    let sum = 0;
    let total = 0;
    for (let i = from; i < to; i++) {
      const weight = weights ? weights[i] : 1;
      total += weight;
      sum += weight * loss(y[i] - scores[i]);
    }
    return sum / total;
  };
}

/**
 * By straight lines between the sorted values, as numpy does; sorts them in place. With weights, neighbours are half of
 * both their weights apart.
 */
function quantileOf(values: Float64Array, level: number, weights?: Float64Array): number {
  if (weights) return weightedQuantileOf(values, level, weights);
  values.sort();
  const position = level * (values.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (position - below) * (values[above] - values[below]);
}

function weightedQuantileOf(values: Float64Array, level: number, weights: Float64Array): number {
  const order = Int32Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b);
  const places = new Float64Array(order.length);
  for (let i = 1; i < order.length; i++)
    places[i] = places[i - 1] + (weights[order[i - 1]] + weights[order[i]]) / 2;
  const place = level * places[order.length - 1];
  let above = 1;
  while (above < order.length - 1 && places[above] <= place) above++;
  if (order.length === 1) return values[0];
  const [low, high] = [values[order[above - 1]], values[order[above]]];
  return low + ((place - places[above - 1]) / (places[above] - places[above - 1])) * (high - low);
}
