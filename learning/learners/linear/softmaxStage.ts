import { minimise } from './lbfgs.ts';
import type { SoftmaxObjective, Standard } from './softmaxObjective.ts';
import type { Whitening } from './whitening.ts';

export interface StageEnd {
  /** [free, columns + 1] */
  weights: Float64Array;
  iterations: number;
  /** Largest absolute component of the gradient in the stage's coordinates. */
  gradientNorm: number;
  converged: boolean;
  /** From where the stage began, in its coordinates. */
  distance: number;
}

/**
 * Goes down from `start` by L-BFGS, in standardised features whitened by `whitenings`.
 *
 * @param start [free, columns + 1]
 * @param whitenings by vector of weights
 */
export function runStage(
  objective: SoftmaxObjective,
  start: Float64Array,
  whitenings: readonly Whitening[],
  standard: Standard,
  options: { tolerance: number; maxIterations: number },
): StageEnd {
  const coordinates = new Coordinates(start, whitenings, standard);
  const weights = start.slice();
  const end = minimise(
    (point, gradient) => {
      coordinates.moveTo(weights, point);
      const value = objective.evaluate(weights, gradient);
      coordinates.toGradient(gradient);
      return value;
    },
    new Float64Array(start.length),
    options.tolerance,
    options.maxIterations,
  );
  coordinates.moveTo(weights, end.point);
  const { iterations, gradientNorm, converged } = end;
  return { weights, iterations, gradientNorm, converged, distance: Math.hypot(...end.point) };
}

class Coordinates {
  readonly #start: Float64Array;
  readonly #whitenings: readonly Whitening[];
  readonly #standard: Standard;

  constructor(start: Float64Array, whitenings: readonly Whitening[], standard: Standard) {
    this.#start = start;
    this.#whitenings = whitenings;
    this.#standard = standard;
  }

  /** weights = start + the step of `point`, from standardised features to the features as they are. */
  moveTo(weights: Float64Array, point: Float64Array): void {
    const { means, inverse } = this.#standard;
    const columns = means.length;
    weights.set(point);
    this.#whitenings.forEach((whitening, k) => whitening.toStep(this.#part(weights, k)));
    this.#centre(weights);
    this.#whitenings.forEach((_, k) => {
      const own = this.#part(weights, k);
      for (let f = 0; f < columns; f++) {
        own[f] *= inverse[f];
        own[columns] -= means[f] * own[f];
      }
    });
    for (let i = 0; i < weights.length; i++) weights[i] += this.#start[i];
  }

  /** The gradient by `point` from that by the weights, in place. */
  toGradient(gradient: Float64Array): void {
    const { means, inverse } = this.#standard;
    const columns = means.length;
    this.#centre(gradient);
    this.#whitenings.forEach((whitening, k) => {
      const own = this.#part(gradient, k);
      for (let f = 0; f < columns; f++) own[f] = (own[f] - means[f] * own[columns]) * inverse[f];
      whitening.toGradient(own);
    });
  }

  /** Takes from each feature's weights what all classes have in common: it changes no probability, and costs a penalty. */
  #centre(values: Float64Array): void {
    const classes = this.#whitenings.length;
    if (classes === 1) return;
    const size = values.length / classes;
    for (let f = 0; f < size; f++) {
      let sum = 0;
      for (let at = f; at < values.length; at += size) sum += values[at];
      for (let at = f; at < values.length; at += size) values[at] -= sum / classes;
    }
  }

  #part(all: Float64Array, k: number): Float64Array {
    const size = this.#standard.means.length + 1;
    return all.subarray(k * size, (k + 1) * size);
  }
}
