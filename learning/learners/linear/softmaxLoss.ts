/** Rows whose scores are made in one pass over the weights: the loads of a weight are shared by four rows. */
const LANES = 4;

/**
 * Adds up the log loss of a linear softmax model over the rows and writes its gradient.
 * Rows count by their weights, where there are any. The first class may be held at score 0 (`free` = classes - 1): with two classes that is binary logistic regression.
 */
export class SoftmaxLoss {
  readonly #x: Float32Array;
  readonly #columns: number;
  readonly #y: Float64Array;
  readonly #rows: Int32Array;
  readonly #classes: number;
  /** [rows of x]; absent: all count alike. */
  readonly #weights: Float64Array | undefined;
  /** Classes before this one have score 0 and no weights. */
  readonly #held: number;
  /** [classes, LANES] */
  readonly #scores: Float64Array;

  constructor(
    x: Float32Array,
    columns: number,
    y: Float64Array,
    rows: Int32Array,
    classes: number,
    free: number,
    weights?: Float64Array,
  ) {
    this.#x = x;
    this.#columns = columns;
    this.#y = y;
    this.#rows = rows;
    this.#classes = classes;
    this.#weights = weights;
    this.#held = classes - free;
    this.#scores = new Float64Array(classes * LANES);
  }

  /**
   * @param weights [free, columns + 1], the intercept last
   * @param gradient the same shape; overwritten with the sum's gradient
   * @returns the sum of the rows' -log p(class)
   */
  evaluate(weights: Float64Array, gradient: Float64Array): number {
    gradient.fill(0);
    let loss = 0;
    const whole = this.#rows.length - (this.#rows.length % LANES);
    for (let i = 0; i < whole; i += LANES) loss += this.#four(i, weights, gradient);
    for (let i = whole; i < this.#rows.length; i++) loss += this.#one(i, weights, gradient);
    return loss;
  }

  /**
   * The Hessian's diagonal blocks: for each free class, the sum over the rows of p (1 - p) z z', z being a row's
   * features and a 1 for the intercept, standardised.
   *
   * @param full false: only the blocks' diagonals
   * @returns by class, [columns + 1, columns + 1], lower triangle
   */
  curvature(
    weights: Float64Array,
    means: Float64Array,
    inverse: Float64Array,
    full: boolean,
  ): Float64Array[] {
    const size = this.#columns + 1;
    const free = this.#classes - this.#held;
    const blocks = Array.from({ length: free }, () => new Float64Array(size * size));
    const scratch = new Float64Array(weights.length);
    const z = new Float64Array(size).fill(1);
    for (let i = 0; i < this.#rows.length; i++) {
      const row = this.#rows[i];
      this.#one(i, weights, scratch);
      const truth = this.#y[row];
      const weight = this.#weights ? this.#weights[row] : 1;
      for (let f = 0; f < size - 1; f++) z[f] = (this.#x[row * (size - 1) + f] - means[f]) * inverse[f];
      for (let k = 0; k < free; k++) {
        const share = this.#scores[LANES * (k + this.#held)] / weight + (k + this.#held === truth ? 1 : 0);
        const block = blocks[k];
        for (let f = 0; f < size; f++) {
          const value = weight * share * (1 - share) * z[f];
          for (let g = full ? 0 : f, at = f * size + g; g <= f; g++, at++) block[at] += value * z[g];
        }
      }
    }
    return blocks;
  }

  #four(i: number, weights: Float64Array, gradient: Float64Array): number {
    const x = this.#x;
    const scores = this.#scores;
    const columns = this.#columns;
    const classes = this.#classes;
    const held = this.#held;
    const a = this.#rows[i] * columns;
    const b = this.#rows[i + 1] * columns;
    const c = this.#rows[i + 2] * columns;
    const d = this.#rows[i + 3] * columns;
    for (let k = held; k < classes; k++) {
      const start = (k - held) * (columns + 1);
      let sa = weights[start + columns];
      let sb = sa;
      let sc = sa;
      let sd = sa;
      for (let f = 0; f < columns; f++) {
        const w = weights[start + f];
        sa += x[a + f] * w;
        sb += x[b + f] * w;
        sc += x[c + f] * w;
        sd += x[d + f] * w;
      }
      const at = LANES * k;
      scores[at] = sa;
      scores[at + 1] = sb;
      scores[at + 2] = sc;
      scores[at + 3] = sd;
    }
    let loss = 0;
    for (let lane = 0; lane < LANES; lane++) loss += this.#residuals(lane, this.#rows[i + lane]);
    for (let k = held; k < classes; k++) {
      const start = (k - held) * (columns + 1);
      const at = LANES * k;
      const ra = scores[at];
      const rb = scores[at + 1];
      const rc = scores[at + 2];
      const rd = scores[at + 3];
      for (let f = 0; f < columns; f++)
        gradient[start + f] += ra * x[a + f] + rb * x[b + f] + rc * x[c + f] + rd * x[d + f];
      gradient[start + columns] += ra + rb + rc + rd;
    }
    return loss;
  }

  #one(i: number, weights: Float64Array, gradient: Float64Array): number {
    const x = this.#x;
    const scores = this.#scores;
    const columns = this.#columns;
    const at = this.#rows[i] * columns;
    for (let k = this.#held; k < this.#classes; k++) {
      const start = (k - this.#held) * (columns + 1);
      let score = weights[start + columns];
      for (let f = 0; f < columns; f++) score += x[at + f] * weights[start + f];
      scores[LANES * k] = score;
    }
    const loss = this.#residuals(0, this.#rows[i]);
    for (let k = this.#held; k < this.#classes; k++) {
      const start = (k - this.#held) * (columns + 1);
      const residual = scores[LANES * k];
      for (let f = 0; f < columns; f++) gradient[start + f] += residual * x[at + f];
      gradient[start + columns] += residual;
    }
    return loss;
  }

  /** Turns the scores of a lane into probability less truth, and returns -log p(truth), both times the row's weight. */
  #residuals(lane: number, row: number): number {
    const scores = this.#scores;
    const truth = this.#y[row];
    const weight = this.#weights ? this.#weights[row] : 1;
    const end = LANES * this.#classes;
    for (let k = 0; k < this.#held; k++) scores[LANES * k + lane] = 0;
    let highest = scores[lane];
    for (let at = LANES + lane; at < end; at += LANES) if (scores[at] > highest) highest = scores[at];
    const own = scores[LANES * truth + lane];
    let sum = 0;
    for (let at = lane; at < end; at += LANES) {
      const e = Math.exp(scores[at] - highest);
      scores[at] = e;
      sum += e;
    }
    for (let at = lane; at < end; at += LANES) scores[at] /= sum;
    scores[LANES * truth + lane] -= 1;
    if (weight !== 1) for (let at = lane; at < end; at += LANES) scores[at] *= weight;
    return weight * (highest - own + Math.log(sum));
  }
}
