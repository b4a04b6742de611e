import { factorise, solveLower, solveUpper } from '../linear/cholesky.ts';
import type { Machine } from './dualDescent.ts';

/** Sufficient decrease; see Nocedal and Wright, "Numerical optimization", 2006, chapter 3. */
const DECREASE = 1e-4;
/** The set of rows within their margins settles after some ten; where it does not, rounding decides. */
const MAX_STEPS = 50;
const MAX_HALVINGS = 40;
/** Values this close, relatively, cannot be told apart by their difference. */
const NOISE = 1e-14;

/**
 * Goes from `start` to the minimum of |w|^2 / 2 + cost * sum of max(0, 1 - s w . x)^2, times the rows' weights, by Newton's method on the rows within
 * their margins, which are few (Keerthi and DeCoste, "A modified finite Newton method for fast solution of large scale
 * linear SVMs", JMLR 2005). Steps do not care for the features' units, where coordinate descent on the dual does.
 *
 * @param data `signs` [rows], 1 or -1; `shares` [rows], the rows' weights
 * @param start [columns + 1], the intercept last
 * @returns `iterations` are steps; the gap is that to the dual point which belongs to the weights, 2 cost times the slacks
 */
export function goOnByNewton(
  data: { x: Float32Array; columns: number; rows: Int32Array; signs: Int8Array; shares: Float64Array },
  start: Float64Array,
  options: { cost: number; tolerance: number; maxIterations: number },
): Machine {
  const { x, columns, rows, signs, shares } = data;
  const { cost, tolerance } = options;
  const maxIterations = Math.min(options.maxIterations, MAX_STEPS);
  const size = columns + 1;
  const weights = start.slice();
  const margins = product(weights);
  let iterations = 0;
  for (; ; iterations++) {
    const gradient = weights.slice();
    let alphas = 0;
    let squares = 0;
    for (let i = 0; i < rows.length; i++) {
      const alpha = 2 * cost * shares[i] * Math.max(0, 1 - margins[i]);
      if (alpha === 0) continue;
      addTo(gradient, i, -alpha * signs[i]);
      alphas += alpha;
      squares += (alpha * alpha) / shares[i];
    }
    const primal = objective(weights, margins);
    let norm = 0;
    for (let f = 0; f < size; f++) norm += (weights[f] - gradient[f]) ** 2;
    const gap = Math.max(0, primal - (alphas - 0.5 * norm - squares / (4 * cost))) / primal;
    if (gap <= tolerance || iterations === maxIterations) return { weights, iterations, gap };

    const step = newtonStep(gradient, margins);
    const moved = product(step);
    let slope = 0;
    for (let f = 0; f < size; f++) slope += gradient[f] * step[f];
    const share = search(step, moved, primal, slope);
    if (share === 0) return { weights, iterations, gap };
    for (let f = 0; f < size; f++) weights[f] += share * step[f];
    margins.set(product(weights));
  }

  function search(step: Float64Array, moved: Float64Array, primal: number, slope: number): number {
    for (let share = 1, n = 0; n < MAX_HALVINGS; share /= 2, n++) {
      const trial = objective(
        weights.map((weight, f) => weight + share * step[f]),
        margins.map((margin, i) => margin + share * moved[i]),
      );
      if (trial <= primal + DECREASE * share * slope + NOISE * primal) return share;
    }
    return 0;
  }

  function newtonStep(gradient: Float64Array, at: Float64Array): Float64Array {
    const hessian = new Float64Array(size * size);
    for (let i = 0; i < rows.length; i++) {
      if (at[i] >= 1) continue;
      const from = rows[i] * columns;
      for (let f = 0; f < size; f++) {
        const value = 2 * cost * shares[i] * (f < columns ? x[from + f] : 1);
        for (let g = 0, to = f * size; g <= f; g++, to++)
          hessian[to] += value * (g < columns ? x[from + g] : 1);
      }
    }
    for (let f = 0; f < size; f++) hessian[f * size + f] += 1;
    const scale = Float64Array.from({ length: size }, (_, f) => 1 / Math.sqrt(hessian[f * size + f]));
    for (let f = 0; f < size; f++) for (let g = 0; g <= f; g++) hessian[f * size + g] *= scale[f] * scale[g];
    const step = gradient.map((value, f) => -value * scale[f]);
    const { lower } = factorise(hessian, size);
    solveLower(lower, step);
    solveUpper(lower, step);
    return step.map((value, f) => value * scale[f]);
  }

  /** s w . x by row. */
  function product(vector: Float64Array): Float64Array {
    return Float64Array.from(rows, (row, i) => {
      let sum = vector[columns];
      for (let f = 0, from = row * columns; f < columns; f++, from++) sum += vector[f] * x[from];
      return signs[i] * sum;
    });
  }

  function addTo(vector: Float64Array, i: number, by: number): void {
    for (let f = 0, from = rows[i] * columns; f < columns; f++, from++) vector[f] += by * x[from];
    vector[columns] += by;
  }

  function objective(vector: Float64Array, at: Float64Array): number {
    let value = 0;
    for (const weight of vector) value += 0.5 * weight * weight;
    for (let i = 0; i < at.length; i++) if (at[i] < 1) value += cost * shares[i] * (1 - at[i]) ** 2;
    return value;
  }
}
