import { minimise } from './lbfgs.ts';
import { totalWeight } from '../weights.ts';
import { columnMoments } from './moments.ts';
import { SoftmaxLoss } from './softmaxLoss.ts';
import { Whitening } from './whitening.ts';

export interface LabelledRows {
  x: Float32Array;
  y: Float64Array;
  columns: number;
  classes: number;
  train: Int32Array;
  /** By row of x; absent: all count alike. */
  weights?: Float64Array;
}

export interface SoftmaxFit {
  /** [free, columns + 1], the intercept last. */
  weights: Float64Array;
  iterations: number;
  gradientNorm: number;
  converged: boolean;
}

/** The blocks cost as much as columns / 8 iterations; beyond this many columns their diagonals have to do. */
const MAX_WHITENED = 300;
const LEAST_STAGE = 20;

/**
 * Minimises mean log loss (rows counting by their weights) + l2 / (2 rows) |weights|^2, the intercepts free, by L-BFGS in stages: each goes on from
 * where the one before ended, in coordinates whitened by the Hessian's blocks there. On separable classes, where the
 * curvature falls by orders of magnitude on the way, one whitening at the start would be worse than none.
 * The last stage only confirms, or with no iterations left denies, that the end is one.
 *
 * @param free weight vectors: 1 for two classes, else one a class
 */
export function fitSoftmax(
  data: LabelledRows,
  free: number,
  options: { l2: number; tolerance: number; maxIterations: number },
): SoftmaxFit {
  const { x, y, columns, classes, train, weights: rowWeights } = data;
  const { l2, tolerance, maxIterations } = options;
  const size = columns + 1;
  const rows = totalWeight(train, rowWeights);
  const { means, deviations } = columnMoments(x, columns, train, rowWeights);
  const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
  const loss = new SoftmaxLoss(x, columns, y, train, classes, free, rowWeights);
  const full = columns <= MAX_WHITENED;
  const part = (all: Float64Array, k: number) => all.subarray(k * size, (k + 1) * size);

  const fit: SoftmaxFit = {
    weights: new Float64Array(free * size),
    iterations: 0,
    gradientNorm: 0,
    converged: false,
  };
  let moved: boolean;
  do {
    const whitenings = loss.curvature(fit.weights, means, inverse, full).map((block) => {
      for (let i = 0; i < block.length; i++) block[i] /= rows;
      for (let f = 0; f < columns; f++) block[f * size + f] += (l2 / rows) * inverse[f] * inverse[f];
      return new Whitening(block, size, full);
    });
    const start = fit.weights;
    const weights = start.slice();
    const objective = (point: Float64Array, gradient: Float64Array) => {
      moveTo(weights, start, point, whitenings);
      let value = loss.evaluate(weights, gradient);
      for (let i = 0; i < weights.length; i++) {
        if (i % size !== columns) {
          value += 0.5 * l2 * weights[i] * weights[i];
          gradient[i] += l2 * weights[i];
        }
        gradient[i] /= rows;
      }
      whitenings.forEach((whitening, k) => toCoordinates(part(gradient, k), whitening));
      return value / rows;
    };
    const stage = Math.min(maxIterations - fit.iterations, Math.max(LEAST_STAGE, columns));
    const end = minimise(objective, new Float64Array(start.length), tolerance, stage);
    moveTo(weights, start, end.point, whitenings);
    // Only a stage that need not move knows the gradient in coordinates made where it is.
    moved = end.iterations > 0;
    fit.weights = weights;
    fit.iterations += end.iterations;
    fit.gradientNorm = end.gradientNorm;
    fit.converged = end.converged;
  } while (moved);
  return fit;

  /** weights = start + the step of `point`, from standardised features to the features as they are. */
  function moveTo(
    weights: Float64Array,
    start: Float64Array,
    point: Float64Array,
    whitenings: Whitening[],
  ): void {
    weights.set(point);
    whitenings.forEach((whitening, k) => {
      const own = part(weights, k);
      whitening.toStep(own);
      for (let f = 0; f < columns; f++) {
        own[f] *= inverse[f];
        own[columns] -= means[f] * own[f];
      }
    });
    for (let i = 0; i < weights.length; i++) weights[i] += start[i];
  }

  function toCoordinates(gradient: Float64Array, whitening: Whitening): void {
    for (let f = 0; f < columns; f++) gradient[f] = (gradient[f] - means[f] * gradient[columns]) * inverse[f];
    whitening.toGradient(gradient);
  }
}
