import { exp } from '../../kernels/exp.ts';
import { log } from '../../kernels/log.ts';
import { totalWeight } from '../weights.ts';
import type { LabelledRows, SoftmaxLoss } from './softmaxLoss.ts';

/**
 * Rows that are looked at together. What is left over of the last block is filled with its last row, of weight 0. Sums are
 * kept in two parts, of the even rows and of the odd ones, and added at the end: so they are the same for a processor
 * that does two at once.
 */
export const BLOCK = 8;

/** In TypeScript: what the compiled one is held to. It reads the rows where they are. */
export class PlainSoftmaxLoss implements SoftmaxLoss {
  readonly free: number;
  readonly #data: LabelledRows;
  readonly #size: number;
  /** Of the block that is looked at: [columns + 1, BLOCK], a row's features and a 1. */
  readonly #z: Float64Array;
  /** [free, BLOCK]: scores, then what is made of them. */
  readonly #shares: Float64Array;
  /** [BLOCK] */
  readonly #y = new Float64Array(BLOCK);
  readonly #weights = new Float64Array(BLOCK);

  constructor(data: LabelledRows) {
    this.#data = data;
    this.#size = data.columns + 1;
    this.free = data.classes === 2 ? 1 : data.classes;
    this.#z = new Float64Array(this.#size * BLOCK).fill(1);
    this.#shares = new Float64Array(this.free * BLOCK);
  }

  moments() {
    const { x, columns, train, weights } = this.#data;
    const total = totalWeight(train, weights);
    const sums = new Float64Array(2 * columns);
    for (let from = 0; from < train.length; from += BLOCK) {
      this.#read(from);
      for (let f = 0; f < columns; f++) this.#addTo(sums, f, this.#weights, 0, f);
    }
    const means = addPairs(sums).map((sum) => sum / total);
    sums.fill(0);
    const products = new Float64Array(BLOCK);
    for (let from = 0; from < train.length; from += BLOCK) {
      this.#read(from);
      for (let f = 0; f < columns; f++) {
        for (let lane = 0, at = f * BLOCK; lane < BLOCK; lane++, at++) {
          this.#z[at] -= means[f];
          products[lane] = this.#weights[lane] * this.#z[at];
        }
        this.#addTo(sums, f, products, 0, f);
      }
    }
    const first = train[0] * columns;
    // Rounding gives the mean of equal values a distance, so equality is looked at itself.
    const varies = (f: number) => train.some((row) => x[row * columns + f] !== x[first + f]);
    const deviations = addPairs(sums).map((sum, f) => (varies(f) ? Math.sqrt(sum / total) : 0));
    return { means, deviations };
  }

  evaluate(weights: Float64Array, gradient: Float64Array): number {
    const size = this.#size;
    const sums = new Float64Array(2 * weights.length);
    const losses = [0, 0];
    for (let from = 0; from < this.#data.train.length; from += BLOCK) {
      this.#read(from);
      this.#score(weights);
      for (let lane = 0; lane < BLOCK; lane++) {
        const weight = this.#weights[lane];
        losses[lane % 2] += weight * this.#share(lane, this.#y[lane], weight);
      }
      for (let k = 0; k < this.free; k++)
        for (let f = 0; f < size; f++) this.#addTo(sums, k * size + f, this.#shares, k, f);
    }
    gradient.set(addPairs(sums));
    return losses[0] + losses[1];
  }

  curvature(weights: Float64Array, means: Float64Array, inverse: Float64Array, full: boolean) {
    const size = this.#size;
    const line = full ? size : 1;
    const sums = new Float64Array(2 * this.free * size * line);
    const products = new Float64Array(BLOCK);
    for (let from = 0; from < this.#data.train.length; from += BLOCK) {
      this.#read(from);
      this.#score(weights);
      for (let lane = 0; lane < BLOCK; lane++) {
        this.#share(lane, NOBODY, 1);
        for (let at = lane; at < this.#shares.length; at += BLOCK) {
          const p = this.#shares[at];
          this.#shares[at] = this.#weights[lane] * p * (1 - p);
        }
      }
      for (let f = 0; f < size - 1; f++)
        for (let at = f * BLOCK; at < (f + 1) * BLOCK; at++)
          this.#z[at] = (this.#z[at] - means[f]) * inverse[f];
      for (let k = 0; k < this.free; k++) {
        for (let f = 0; f < size; f++) {
          for (let lane = 0; lane < BLOCK; lane++)
            products[lane] = this.#shares[k * BLOCK + lane] * this.#z[f * BLOCK + lane];
          for (let g = full ? 0 : f, at = (k * size + f) * line; g <= f; g++, at++)
            this.#addTo(sums, at, products, 0, g);
        }
      }
    }
    const all = addPairs(sums);
    const each = size * line;
    return Array.from({ length: this.free }, (_, k) => all.slice(k * each, (k + 1) * each));
  }

  /** Takes up the rows that stand from there on in `train`. */
  #read(from: number): void {
    const { x, y, columns, train, weights } = this.#data;
    for (let lane = 0; lane < BLOCK; lane++) {
      const row = train[Math.min(from + lane, train.length - 1)];
      this.#y[lane] = y[row];
      this.#weights[lane] = from + lane < train.length ? (weights ? weights[row] : 1) : 0;
      for (let f = 0; f < columns; f++) this.#z[f * BLOCK + lane] = x[row * columns + f];
    }
  }

  #score(weights: Float64Array): void {
    for (let k = 0; k < this.free; k++) {
      for (let lane = 0; lane < BLOCK; lane++) {
        let score = 0;
        for (let f = 0; f < this.#size; f++) score += this.#z[f * BLOCK + lane] * weights[k * this.#size + f];
        this.#shares[k * BLOCK + lane] = score;
      }
    }
  }

  /** Turns a row's scores into probability less truth, times `weight`. @returns -log p(truth) */
  #share(lane: number, truth: number, weight: number): number {
    const shares = this.#shares;
    if (this.free === 1) {
      const score = shares[lane];
      const small = exp(-Math.abs(score));
      const sum = 1 + small;
      const p = (score >= 0 ? 1 : small) / sum;
      shares[lane] = weight * (p - (truth === 1 ? 1 : 0));
      return (score >= 0 ? score : 0) - (truth === 1 ? score : 0) + log(sum);
    }
    let highest = shares[lane];
    for (let at = lane + BLOCK; at < shares.length; at += BLOCK)
      if (shares[at] > highest) highest = shares[at];
    let own = 0;
    let sum = 0;
    for (let k = 0, at = lane; at < shares.length; k++, at += BLOCK) {
      if (k === truth) own = shares[at];
      shares[at] = exp(shares[at] - highest);
      sum += shares[at];
    }
    const inverse = 1 / sum;
    for (let k = 0, at = lane; at < shares.length; k++, at += BLOCK)
      shares[at] = weight * (shares[at] * inverse - (k === truth ? 1 : 0));
    return highest - own + log(sum);
  }

  /** Adds the products of row `k` of `factors` with those of feature `f`, of even rows and of odd ones. */
  #addTo(sums: Float64Array, at: number, factors: Float64Array, k: number, f: number): void {
    const z = this.#z;
    for (let part = 0, a = k * BLOCK, b = f * BLOCK; part < 2; part++, a++, b++)
      sums[2 * at + part] +=
        factors[a] * z[b] +
        factors[a + 2] * z[b + 2] +
        (factors[a + 4] * z[b + 4] + factors[a + 6] * z[b + 6]);
  }
}

/** No class has this index. */
const NOBODY = -1;

/** Two parts of each sum to one. */
export function addPairs(pairs: Float64Array): Float64Array {
  return Float64Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i] + pairs[2 * i + 1]);
}
