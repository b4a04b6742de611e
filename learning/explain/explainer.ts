import { interventional, type Interventional } from './interventional.ts';
import type { ExplainableModel } from './readModel.ts';
import { addLeaves } from './treeSet.ts';

/**
 * Exact Shapley values of a model's rows against a background: of trees by interventional TreeSHAP, of weighted sums
 * w (x - mean of x) (linear SHAP with independent features; Lundberg and Lee, NeurIPS 2017, corollary 1). What the parts
 * of an encoded column get is added up to the column. Base and contributions add up to the row's number, but for the
 * rounding of doubles.
 */
export class Explainer {
  readonly model: ExplainableModel;
  /** [outputs]: the mean over the background. */
  readonly base: Float64Array;
  readonly #background: Float32Array;
  readonly #features: number;
  /** Per feature: the place of its raw column. */
  readonly #columnOf: Int32Array;
  readonly #columns: number;
  /** [features]: means over the background. */
  readonly #means: Float64Array;
  readonly #trees: Interventional[];

  /**
   * @param background [rows, features], at least one row
   * @param columns names of the raw columns in the order of the answers; all of the model's are among them
   */
  constructor(model: ExplainableModel, background: Float32Array, columns: readonly string[]) {
    this.model = model;
    this.#background = background;
    this.#features = model.origins.length;
    this.#columns = columns.length;
    this.#columnOf = Int32Array.from(model.origins, (origin) => columns.indexOf(origin));
    const rows = background.length / this.#features;
    this.#means = new Float64Array(this.#features);
    background.forEach((value, i) => (this.#means[i % this.#features] += value / rows));
    this.#trees = model.trees.map(({ trees }) => interventional(trees, this.#features));
    this.base = new Float64Array(model.outputs);
    for (let row = 0; row < rows; row++) {
      this.score(background, row * this.#features).forEach((value, k) => (this.base[k] += value / rows));
    }
  }

  /** [outputs]: the numbers of a row that are explained. @param at of its first feature */
  score(x: ArrayLike<number>, at: number): Float64Array {
    const { constant, trees, weights, outputs } = this.model;
    const scores = constant.slice();
    for (const part of trees) {
      const sums = new Float64Array(part.trees.width);
      addLeaves(part.trees, x, at, sums);
      part.outputs.forEach((output, k) => (scores[output] += sums[k]));
    }
    if (weights) {
      for (let f = 0; f < this.#features; f++)
        for (let k = 0; k < outputs; k++) scores[k] += x[at + f] * weights[f * outputs + k];
    }
    return scores;
  }

  /** [columns, outputs]: what each raw column contributes to the row's numbers beyond `base`. */
  explain(x: ArrayLike<number>, at: number): Float64Array {
    const steps = this.steps(x, at);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }

  /** Nodes of trees that were looked at so far. */
  get visits(): number {
    return this.#trees.reduce((sum, { visits }) => sum + visits, 0);
  }

  /** As `explain`, in steps of some trees and one background row, between which others may compute. */
  *steps(x: ArrayLike<number>, at: number): Generator<void, Float64Array> {
    const { trees, weights, outputs } = this.model;
    const features = this.#features;
    const rows = this.#background.length / features;
    const contributions = new Float64Array(this.#columns * outputs);
    const add = (feature: number, output: number, value: number) =>
      (contributions[this.#columnOf[feature] * outputs + output] += value);
    for (const [p, part] of trees.entries()) {
      const { width } = part.trees;
      const sums = new Float64Array(features * width);
      const count = part.trees.roots.length;
      for (let row = 0; row < rows; row++) {
        for (let from = 0; from < count; from += STEP_TREES) {
          const to = Math.min(from + STEP_TREES, count);
          this.#trees[p].add(x, at, this.#background, row * features, sums, from, to);
          yield;
        }
      }
      for (let f = 0; f < features; f++)
        part.outputs.forEach((output, k) => add(f, output, sums[f * width + k] / rows));
    }
    if (weights) {
      for (let f = 0; f < features; f++)
        for (let k = 0; k < outputs; k++) add(f, k, weights[f * outputs + k] * (x[at + f] - this.#means[f]));
    }
    return contributions;
  }
}

/** Of a forest grown to its end a tree costs some 10 us, so a step stays below a millisecond. */
const STEP_TREES = 50;
