import { NumericalError } from '../../numerical.ts';
import type { Problem } from '../../types.ts';
import type { LinearModel } from './linearModel.ts';
import { normalEquations, type NormalEquations } from './normalEquations.ts';
import { walk } from './signedNewton.ts';
import { softThreshold } from './softThreshold.ts';

export interface ElasticNetModel extends LinearModel {
  /** Sweeps over the features. */
  iterations: number;
  /** Duality gap as a share of the objective of the mean alone. */
  gap: number;
  converged: boolean;
}

/** Sweeps between two looks at the gap. */
const SWEEPS = 5;
/** Of products of standardised features with the target, as a share of the target's deviation. */
const ROUNDING = 1e-14;
/** Beyond as many weights that are not 0 their equations cost more than many sweeps. */
const MAX_SOLVED = 500;

export interface ElasticNetOptions {
  l1: number;
  l2: number;
  tolerance: number;
  maxIterations: number;
}

/**
 * Minimises |y - x weights - intercept|^2 / (2 rows), rows counting by their weights, + l1 |weights|_1 + l2 / 2 |weights|^2, the intercept free, by
 * coordinate descent on the normal equations (Friedman, Hastie and Tibshirani, "Regularization paths for generalized
 * linear models via coordinate descent", 2010; "covariance updates"). Features that repeat each other make sweeps slow, so
 * every few the weights that are not 0 are also solved for, their signs kept. It ends by the duality gap, as
 * scikit-learn does, which bounds how far the objective is from its least value.
 *
 * @throws RangeError where there are no rows; NumericalError where the target is too large to be squared
 */
export function fitElasticNet(problem: Problem, options: ElasticNetOptions): ElasticNetModel {
  return fitElasticNets(problem, [options])[0];
}

/** As `fitElasticNet` for penalties of any number, by one pass over the rows. */
export function fitElasticNets(problem: Problem, options: readonly ElasticNetOptions[]): ElasticNetModel[] {
  const equations = normalEquations(problem);
  if (!Number.isFinite(equations.variance))
    throw new NumericalError('The target is too large to be squared.');
  return options.map((penalty) => minimise(equations, penalty));
}

function minimise(equations: NormalEquations, options: ElasticNetOptions): ElasticNetModel {
  const { means, inverse, meanY } = equations;
  const net = new ElasticNet(equations, options.l1, options.l2);
  let iterations = 0;
  let gap = net.gap();
  while (gap > options.tolerance && iterations < options.maxIterations) {
    let moved = true;
    for (let n = 0; n < SWEEPS && moved && iterations < options.maxIterations; n++, iterations++)
      moved = net.sweep();
    gap = net.gap();
    if (gap <= options.tolerance || !moved) break;
    // What is solved for is looked at by a sweep, so it may use no iteration that is not there.
    if (iterations < options.maxIterations) net.settle();
  }
  const weights = net.weights.map((value, f) => value * inverse[f]);
  let intercept = meanY;
  for (let f = 0; f < weights.length; f++) intercept -= weights[f] * means[f];
  return { weights, intercept, iterations, gap, converged: gap <= options.tolerance };
}

/** The objective in standardised features: v' G v / 2 - c' v + variance / 2 + sum of l1 |v| + l2 v^2 / 2 by feature. */
class ElasticNet {
  /** [columns], of standardised features. */
  readonly weights: Float64Array;
  /** [columns, columns], both triangles. */
  readonly #gram: Float64Array;
  readonly #moments: Float64Array;
  readonly #variance: number;
  readonly #l1: Float64Array;
  readonly #l2: Float64Array;
  /** [columns]: c - G v, the features' mean products with what is not explained yet. */
  readonly #rest: Float64Array;

  constructor({ gram, moments, variance, inverse }: NormalEquations, l1: number, l2: number) {
    const size = moments.length;
    for (let f = 0; f < size; f++) for (let g = 0; g < f; g++) gram[g * size + f] = gram[f * size + g];
    this.#gram = gram;
    this.#moments = moments;
    this.#variance = variance;
    this.#l1 = inverse.map((factor) => l1 * factor);
    this.#l2 = inverse.map((factor) => l2 * factor * factor);
    this.weights = new Float64Array(size);
    this.#rest = moments.slice();
  }

  /** One pass over all features. @returns false where no weight moved */
  sweep(): boolean {
    const size = this.weights.length;
    let moved = false;
    for (let f = 0; f < size; f++) {
      const curvature = this.#gram[f * size + f];
      if (curvature === 0) continue;
      const now = this.weights[f];
      const next = softThreshold(this.#rest[f] + curvature * now, this.#l1[f]) / (curvature + this.#l2[f]);
      if (next === now) continue;
      this.weights[f] = next;
      for (let g = 0, at = f * size; g < size; g++, at++) this.#rest[g] -= this.#gram[at] * (next - now);
      moved = true;
    }
    return moved;
  }

  /** Solves for the weights that are not 0, as far as their signs stay. */
  settle(): void {
    const size = this.weights.length;
    const support = Array.from(this.weights.keys()).filter((f) => this.weights[f] !== 0);
    const n = support.length;
    if (n > MAX_SOLVED) return;
    const scale = Float64Array.from(support, (f) => 1 / Math.sqrt(this.#gram[f * size + f] + this.#l2[f]));
    const hessian = new Float64Array(n * n);
    support.forEach((f, i) => {
      for (let j = 0; j < i; j++)
        hessian[i * n + j] = this.#gram[f * size + support[j]] * scale[i] * scale[j];
      hessian[i * n + i] = 1;
    });
    const start = Float64Array.from(support, (f) => this.weights[f]);
    const downhill = Float64Array.from(
      support,
      (f, i) => this.#rest[f] - this.#l2[f] * start[i] - this.#l1[f] * Math.sign(start[i]),
    );
    const end = walk({ hessian, downhill, scale, start, kept: support.map((f) => this.#l1[f] > 0) });
    support.forEach((f, i) => (this.weights[f] = end[i]));
    this.#refresh();
  }

  /**
   * The duality gap as a share of variance / 2. The dual point is what is not explained, shrunk until no feature's
   * product with it is beyond the penalty.
   */
  gap(): number {
    if (this.#variance === 0) return 0;
    const size = this.weights.length;
    const rest = this.#rest;
    this.#refresh(); // so that what rounding left in it does not add up
    let explained = 0;
    let unexplained = this.#variance;
    let absolute = 0;
    let squares = 0;
    let shrink = 1;
    // Of a feature in large units the penalty may be as small as what rounding leaves of its product.
    const slack = ROUNDING * Math.sqrt(this.#variance);
    for (let f = 0; f < size; f++) {
      const weight = this.weights[f];
      explained += this.#moments[f] * weight;
      unexplained -= (this.#moments[f] + rest[f]) * weight;
      absolute += this.#l1[f] * Math.abs(weight);
      squares += this.#l2[f] * weight * weight;
      const product = Math.abs(rest[f] - this.#l2[f] * weight);
      if (product > this.#l1[f] + slack) shrink = Math.min(shrink, this.#l1[f] / product);
    }
    const gap =
      0.5 * (unexplained + squares) * (1 + shrink * shrink) +
      absolute -
      shrink * (this.#variance - explained);
    return Math.max(0, gap) / (0.5 * this.#variance);
  }

  #refresh(): void {
    const size = this.weights.length;
    this.#rest.set(this.#moments);
    for (let f = 0; f < size; f++) {
      const weight = this.weights[f];
      if (weight === 0) continue;
      for (let g = 0, at = f * size; g < size; g++, at++) this.#rest[g] -= this.#gram[at] * weight;
    }
  }
}
