import { walk } from './signedNewton.ts';
import { softThreshold } from './softThreshold.ts';
import type { StandardColumns } from './standardColumns.ts';

/** A curvature below this is taken for it, so that a step stays finite where every row is certain of its class. */
const LEAST_CURVATURE = 1e-12;
const MAX_ROUNDS = 50;
/** Sweeps over the weights that are not 0, after which their equations are solved instead. */
const SWEEPS = 5;
/** Beyond as many the equations cost more than many sweeps. */
const MAX_SOLVED = 300;

/**
 * The second-order model of a penalised mean log loss around the present weights, in standardised features:
 * slope . d + d' H d / 2 + |l2|(w + d) + |l1|(w + d), H being the full Hessian of the softmax, all classes coupled.
 * It is never written down: with u = X d by row and class, its product with d at a row is p (u - sum of p u), so that
 * a coordinate costs one pass over its column, as in Friedman, Hastie and Tibshirani, "Regularization paths for
 * generalized linear models via coordinate descent" (2010).
 */
export class SoftmaxModel {
  readonly #data: StandardColumns;
  readonly #free: number;
  /** [columns + 1], by feature and for the intercept 0: the penalties as they weigh on the standardised weights. */
  readonly #l1: Float64Array;
  readonly #l2: Float64Array;
  /** [free, columns + 1], the intercept last: slopes (with the L2 part) and curvatures of single coordinates. */
  readonly slopes: Float64Array;
  readonly #curvatures: Float64Array;
  /** [free, rows]: what the step adds to the scores. */
  readonly moved: Float64Array;
  /** [rows]: the sum over the classes of p u. */
  readonly #shared: Float64Array;
  /** [free, rows]: probabilities where the model stands, times the rows' weights. */
  #masses: Float64Array = new Float64Array();

  constructor(data: StandardColumns, free: number, l1: Float64Array, l2: Float64Array) {
    this.#data = data;
    this.#free = free;
    this.#l1 = l1;
    this.#l2 = l2;
    this.slopes = new Float64Array(free * l1.length);
    this.#curvatures = new Float64Array(free * l1.length);
    this.moved = new Float64Array(free * data.rows);
    this.#shared = new Float64Array(data.rows);
  }

  /**
   * Puts the model around `weights`.
   *
   * @param weights [free, columns + 1]
   * @param shares [free, rows] probabilities there
   * @param residuals [free, rows] probabilities less truth, times the rows' weights
   * @returns the largest component of the smallest subgradient, each in units in which its coordinate curves by 1
   */
  centre(weights: Float64Array, shares: Float64Array, residuals: Float64Array): number {
    const { rows, total, weights: rowWeights, means, inverse, values } = this.#data;
    const size = this.#l1.length;
    this.#masses = rowWeights ? shares.map((share, r) => share * rowWeights[r % rows]) : shares;
    const masses = this.#masses;
    let worst = 0;
    for (let k = 0; k < this.#free; k++) {
      for (let f = 0; f < size; f++) {
        let slope = 0;
        let curvature = 0;
        const column = values[f]; // none for the intercept
        for (let i = 0, r = k * rows; i < rows; i++, r++) {
          const z = column ? (column[i] - means[f]) * inverse[f] : 1;
          slope += z * residuals[r];
          curvature += z * z * masses[r] * (1 - shares[r]);
        }
        const at = k * size + f;
        this.slopes[at] = slope / total + this.#l2[f] * weights[at];
        this.#curvatures[at] = Math.max(curvature / total + this.#l2[f], LEAST_CURVATURE);
        const least =
          weights[at] === 0
            ? softThreshold(this.slopes[at], this.#l1[f])
            : this.slopes[at] + Math.sign(weights[at]) * this.#l1[f];
        if (column && inverse[f] === 0) continue;
        worst = Math.max(worst, Math.abs(least) / Math.sqrt(this.#curvatures[at]));
      }
    }
    return worst;
  }

  /**
   * Minimises the model: a sweep over all coordinates finds those that are not 0, sweeps over these and then Newton's
   * step settle them, for correlated columns make sweeps alone slow. Ends where a sweep over all moves none by more than
   * `tolerance` of those units.
   *
   * @returns the step d, [free, columns + 1]; `moved` is X d
   */
  minimise(weights: Float64Array, shares: Float64Array, tolerance: number): Float64Array {
    const step = new Float64Array(weights.length);
    this.moved.fill(0);
    this.#shared.fill(0);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (this.#sweep(weights, shares, step, true) <= tolerance) break;
      let largest = Infinity;
      for (let n = 0; n < SWEEPS && largest > tolerance; n++)
        largest = this.#sweep(weights, shares, step, false);
      if (largest > tolerance) this.#settle(weights, shares, step);
    }
    return step;
  }

  /**
   * Newton's step on the coordinates that are not 0, their signs kept: where one of them becomes 0 on the way it stays 0,
   * and the others go on without it.
   */
  #settle(weights: Float64Array, shares: Float64Array, step: Float64Array): void {
    const size = this.#l1.length;
    const support: number[] = [];
    for (let at = 0; at < weights.length; at++)
      if (at % size === size - 1 || weights[at] + step[at] !== 0) support.push(at);
    if (support.length > MAX_SOLVED) return;
    const start = Float64Array.from(support, (at) => weights[at] + step[at]);
    const scale = Float64Array.from(support, (at) => 1 / Math.sqrt(this.#curvatures[at]));
    const downhill = Float64Array.from(support, (at) => {
      const f = at % size;
      const slope = this.slopes[at] + this.#l2[f] * step[at] + this.#bend(at);
      return -(slope + this.#l1[f] * Math.sign(weights[at] + step[at]));
    });
    const kept = support.map((at) => this.#l1[at % size] > 0);
    const end = walk({ hessian: this.#hessian(support, scale, shares), downhill, scale, start, kept });
    support.forEach((at, i) => {
      const change = end[i] - start[i];
      step[at] = end[i] === 0 ? -weights[at] : step[at] + change;
      if (change !== 0) this.#move(at, change, shares);
    });
  }

  /** The Hessian of the listed coordinates, scaled to a diagonal of about 1; lower triangle. */
  #hessian(support: readonly number[], scale: Float64Array, shares: Float64Array): Float64Array {
    const { rows, total, means, inverse, values } = this.#data;
    const masses = this.#masses;
    const size = this.#l1.length;
    const n = support.length;
    const hessian = new Float64Array(n * n);
    const weighted = new Float64Array(rows);
    for (let i = 0; i < n; i++) {
      const k = Math.floor(support[i] / size);
      const f = support[i] % size;
      const own = values[f]; // none for the intercept
      for (let row = 0, r = k * rows; row < rows; row++, r++)
        weighted[row] = (own ? (own[row] - means[f]) * inverse[f] : 1) * masses[r];
      for (let j = 0; j <= i; j++) {
        const l = Math.floor(support[j] / size);
        const g = support[j] % size;
        const same = k === l ? 1 : 0;
        const other = values[g];
        let sum = 0;
        let r = l * rows;
        if (g === size - 1)
          for (let row = 0; row < rows; row++, r++) sum += weighted[row] * (same - shares[r]);
        else {
          const mean = means[g];
          for (let row = 0; row < rows; row++, r++)
            sum += weighted[row] * (other[row] - mean) * (same - shares[r]);
          sum *= inverse[g];
        }
        hessian[i * n + j] = (sum / total) * scale[i] * scale[j];
      }
      hessian[i * n + i] += this.#l2[support[i] % size] * scale[i] * scale[i];
    }
    return hessian;
  }

  #sweep(weights: Float64Array, shares: Float64Array, step: Float64Array, all: boolean): number {
    const size = this.#l1.length;
    let largest = 0;
    for (let at = 0; at < weights.length; at++) {
      const f = at % size;
      if (f < size - 1 && this.#data.inverse[f] === 0) continue;
      if (!all && weights[at] + step[at] === 0) continue;
      const curvature = this.#curvatures[at];
      const slope = this.slopes[at] + this.#l2[f] * step[at] + this.#bend(at);
      const now = weights[at] + step[at];
      const change = softThreshold(curvature * now - slope, this.#l1[f]) / curvature - now;
      if (change === 0) continue;
      step[at] += change;
      this.#move(at, change, shares);
      largest = Math.max(largest, Math.abs(change) * Math.sqrt(curvature));
    }
    return largest;
  }

  /** What the step so far has added to a coordinate's slope. */
  #bend(at: number): number {
    const { rows, total, means, inverse, values } = this.#data;
    const masses = this.#masses;
    const size = this.#l1.length;
    const f = at % size;
    const column = values[f];
    const mean = means[f];
    const shared = this.#shared;
    const moved = this.moved;
    let sum = 0;
    let r = ((at - f) / size) * rows;
    if (f === size - 1) {
      for (let i = 0; i < rows; i++, r++) sum += masses[r] * (moved[r] - shared[i]);
      return sum / total;
    }
    for (let i = 0; i < rows; i++, r++) sum += (column[i] - mean) * masses[r] * (moved[r] - shared[i]);
    return (sum * inverse[f]) / total;
  }

  #move(at: number, change: number, shares: Float64Array): void {
    const { rows, means, inverse, values } = this.#data;
    const size = this.#l1.length;
    const f = at % size;
    const column = values[f]; // none for the intercept
    const factor = f === size - 1 ? change : change * inverse[f];
    for (let i = 0, r = ((at - f) / size) * rows; i < rows; i++, r++) {
      const by = factor * (column ? column[i] - means[f] : 1);
      this.moved[r] += by;
      this.#shared[i] += shares[r] * by;
    }
  }
}
