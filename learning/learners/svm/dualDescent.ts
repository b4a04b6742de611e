import { Random } from '../../rng.ts';
import { goOnByNewton } from './primalNewton.ts';

export interface Machine {
  /** [columns + 1], the intercept last. */
  weights: Float64Array;
  /** Passes over the rows, and Newton steps. */
  iterations: number;
  /** Duality gap as a share of the objective. */
  gap: number;
}

interface Rows {
  x: Float32Array;
  columns: number;
  rows: Int32Array;
  y: Float64Array;
  weights?: Float64Array;
}

export interface MachineOptions {
  loss: 'hinge' | 'squaredHinge';
  l2: number;
  tolerance: number;
  maxIterations: number;
}

/** Of the first bound on the projected gradients, as in LIBLINEAR; later ones are a quarter each of the one before. */
const FIRST_BOUND = 0.1;
const LEAST_BOUND = 1e-14;
/** From as many passes on, or half the columns, Newton's few steps are the shorter way; each costs columns / 12 passes. */
const LEAST_PASSES = 20;
/** Beyond as many columns the equations of a step cost more than they save. */
const MAX_SOLVED = 300;

/**
 * Minimises l2 / 2 |w|^2 + sum of max(0, 1 - s w . x), or of its square, times the row's weight, where s is 1 for the rows
 * of a class and -1 for all others; w holds the intercept, which is penalised like a weight of a feature that is always 1, as in LIBLINEAR.
 * Coordinate descent on the dual, one row at a time in an order that is drawn anew for each pass, rows at their bounds
 * left out while they stay there (Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for
 * large-scale linear SVM", ICML 2008, algorithm 3). Features of very different size make that slow; the squared loss then
 * goes on by Newton's method. It ends by the duality gap on all rows, which bounds how far the objective is from its least
 * value.
 *
 * @param x [?, columns], row-major
 * @param rows those to learn from; none: all weights are 0
 * @param weights of rows, [?] by row of x; absent: all count alike
 */
export function fitMachine(
  { x, columns, rows, y, weights: rowWeights }: Rows,
  member: number,
  options: MachineOptions,
  seed: number,
): Machine {
  const { loss, tolerance, maxIterations } = options;
  const shares = Float64Array.from(rows, (row) => (rowWeights ? rowWeights[row] : 1));
  const dual = new Dual(x, columns, rows, y, member, options, shares);
  const random = new Random(seed);
  const newton = loss === 'squaredHinge' && columns <= MAX_SOLVED;
  const passes = newton
    ? Math.min(maxIterations, Math.max(LEAST_PASSES, Math.ceil(columns / 2)))
    : maxIterations;
  let bound = FIRST_BOUND;
  let iterations = 0;
  let gap = dual.gap();
  while (gap > tolerance && iterations < passes && bound > LEAST_BOUND) {
    dual.reset();
    while (iterations < passes) {
      iterations++;
      if (dual.pass(random) <= bound) break;
    }
    gap = dual.gap();
    bound /= 4;
  }
  const { weights, signs } = dual;
  if (!newton || gap <= tolerance || iterations === maxIterations) return { weights, iterations, gap };
  const rest = { cost: 1 / options.l2, tolerance, maxIterations: maxIterations - iterations };
  const end = goOnByNewton({ x, columns, rows, signs, shares }, weights, rest);
  return end.gap < gap ? { ...end, iterations: iterations + end.iterations } : { weights, iterations, gap };
}

class Dual {
  readonly weights: Float64Array;
  /** [rows]: 1 or -1. */
  readonly signs: Int8Array;
  readonly #x: Float32Array;
  readonly #columns: number;
  readonly #rows: Int32Array;
  /** [rows] */
  readonly #alphas: Float64Array;
  /** [rows]: the dual's second derivatives. */
  readonly #curvatures: Float64Array;
  readonly #cost: number;
  /** [rows]: the rows' weights, by which the cost of each is multiplied. */
  readonly #shares: Float64Array;
  readonly #squared: boolean;
  /** [rows]: upper bounds of the alphas, and what is added to the dual's diagonal. */
  readonly #most: Float64Array;
  readonly #diagonal: Float64Array;
  /** Positions in `rows`; the first `#active` of them are looked at. */
  readonly #order: Int32Array;
  #active: number;
  #upper = Infinity;
  #lower = -Infinity;

  constructor(
    x: Float32Array,
    columns: number,
    rows: Int32Array,
    y: Float64Array,
    member: number,
    { loss, l2 }: MachineOptions,
    shares: Float64Array,
  ) {
    this.#x = x;
    this.#columns = columns;
    this.#rows = rows;
    this.signs = Int8Array.from(rows, (row) => (y[row] === member ? 1 : -1));
    this.#cost = 1 / l2;
    this.#shares = shares;
    this.#squared = loss === 'squaredHinge';
    this.#most = shares.map((share) => (this.#squared ? Infinity : this.#cost * share));
    this.#diagonal = shares.map((share) => (this.#squared ? 0.5 / (this.#cost * share) : 0));
    this.#alphas = new Float64Array(rows.length);
    this.weights = new Float64Array(columns + 1);
    this.#curvatures = Float64Array.from(rows, (row, i) => {
      let sum = 1 + this.#diagonal[i];
      for (let f = 0, at = row * columns; f < columns; f++, at++) sum += x[at] * x[at];
      return sum;
    });
    this.#order = Int32Array.from(rows.keys());
    this.#active = rows.length;
  }

  /** Looks at all rows again. */
  reset(): void {
    this.#active = this.#rows.length;
    this.#upper = Infinity;
    this.#lower = -Infinity;
  }

  /** One pass over the rows that are not left out. @returns the spread of their projected gradients */
  pass(random: Random): number {
    const order = this.#order;
    random.shuffle(order.subarray(0, this.#active));
    let largest = -Infinity;
    let least = Infinity;
    for (let s = 0; s < this.#active; s++) {
      const i = order[s];
      const alpha = this.#alphas[i];
      const sign = this.signs[i];
      const slope = sign * this.#score(i) - 1 + this.#diagonal[i] * alpha;
      let projected = slope;
      if (alpha === 0) {
        if (slope > this.#upper) {
          this.#leaveOut(s--);
          continue;
        }
        projected = Math.min(0, slope);
      } else if (alpha === this.#most[i]) {
        if (slope < this.#lower) {
          this.#leaveOut(s--);
          continue;
        }
        projected = Math.max(0, slope);
      }
      if (projected > largest) largest = projected;
      if (projected < least) least = projected;
      if (projected === 0) continue;
      const next = Math.min(this.#most[i], Math.max(0, alpha - slope / this.#curvatures[i]));
      this.#alphas[i] = next;
      this.#add(i, (next - alpha) * sign);
    }
    this.#upper = largest > 0 ? largest : Infinity;
    this.#lower = least < 0 ? least : -Infinity;
    return this.#active === 0 ? 0 : largest - least;
  }

  /** Also makes the weights anew, so that rounding errors do not add up. */
  gap(): number {
    this.weights.fill(0);
    let alphas = 0;
    let squares = 0;
    for (let i = 0; i < this.#rows.length; i++) {
      const alpha = this.#alphas[i];
      if (alpha === 0) continue;
      this.#add(i, alpha * this.signs[i]);
      alphas += alpha;
      squares += (alpha * alpha) / this.#shares[i];
    }
    let norm = 0;
    for (const weight of this.weights) norm += weight * weight;
    let loss = 0;
    for (let i = 0; i < this.#rows.length; i++) {
      const slack = Math.max(0, 1 - this.signs[i] * this.#score(i));
      loss += this.#shares[i] * (this.#squared ? slack * slack : slack);
    }
    const primal = 0.5 * norm + this.#cost * loss;
    const dual = alphas - 0.5 * norm - (this.#squared ? 0.5 * (0.5 / this.#cost) * squares : 0);
    return primal === 0 ? 0 : Math.max(0, primal - dual) / primal;
  }

  #leaveOut(s: number): void {
    const order = this.#order;
    const last = --this.#active;
    const row = order[s];
    order[s] = order[last];
    order[last] = row;
  }

  #score(i: number): number {
    const columns = this.#columns;
    const weights = this.weights;
    let sum = weights[columns];
    for (let f = 0, at = this.#rows[i] * columns; f < columns; f++, at++) sum += weights[f] * this.#x[at];
    return sum;
  }

  #add(i: number, by: number): void {
    const columns = this.#columns;
    const weights = this.weights;
    for (let f = 0, at = this.#rows[i] * columns; f < columns; f++, at++) weights[f] += by * this.#x[at];
    weights[columns] += by;
  }
}
