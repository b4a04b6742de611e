import type { SoftmaxLoss } from './softmaxLoss.ts';
import { Whitening } from './whitening.ts';

/** How features are standardised, and what their weights cost. */
export interface Standard {
  /** [columns] */
  means: Float64Array;
  /** [columns], 1 / standard deviation; 0 for a constant feature, whose weight is held still. */
  inverse: Float64Array;
  /** l2, divided by the sum of the rows' weights. */
  penalty: number;
}

/** Mean log loss + penalty / 2 |weights|^2 of a linear softmax model, the intercepts free. */
export class SoftmaxObjective {
  readonly #loss: SoftmaxLoss;
  readonly #total: number;
  readonly #standard: Standard;

  /** @param total the sum of the rows' weights */
  constructor(loss: SoftmaxLoss, total: number, standard: Standard) {
    this.#loss = loss;
    this.#total = total;
    this.#standard = standard;
  }

  /** @param weights [free, columns + 1]; @param gradient the same shape; overwritten */
  evaluate(weights: Float64Array, gradient: Float64Array): number {
    const { inverse, penalty } = this.#standard;
    const size = inverse.length + 1;
    let value = this.#loss.evaluate(weights, gradient) / this.#total;
    for (let i = 0; i < weights.length; i++) {
      gradient[i] /= this.#total;
      if (i % size === size - 1) continue;
      value += 0.5 * penalty * weights[i] * weights[i];
      gradient[i] += penalty * weights[i];
    }
    return value;
  }

  /** By vector of weights, what makes the Hessian's block or its estimate by `like` the identity, in standardised features. */
  whiten(weights: Float64Array, full: boolean, like: SoftmaxObjective = this): Whitening[] {
    if (!full) return this.#curvature(weights, false).map((diagonal) => new Whitening(diagonal));
    const blocks = like.#curvature(weights, true);
    const size = this.#standard.inverse.length + 1;
    const diagonals =
      like === this
        ? blocks.map((block) => Float64Array.from({ length: size }, (_, f) => block[f * size + f]))
        : this.#curvature(weights, false);
    return blocks.map((block, k) => new Whitening(diagonals[k], block));
  }

  #curvature(weights: Float64Array, full: boolean): Float64Array[] {
    const { means, inverse, penalty } = this.#standard;
    const blocks = this.#loss.curvature(weights, means, inverse, full);
    for (const block of blocks) {
      for (let i = 0; i < block.length; i++) block[i] /= this.#total;
      const step = full ? inverse.length + 2 : 1;
      inverse.forEach((factor, f) => (block[f * step] += penalty * factor * factor));
    }
    return blocks;
  }
}
