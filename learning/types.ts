import type { z } from 'zod';
import type { GraphBuilder } from './onnx/graph.ts';

/** What is predicted. Binary is multiclass with two classes and a positive one. */
export type Task = 'binary' | 'multiclass' | 'regression';

/**
 * What a learner sees. Arrays may lie on SharedArrayBuffers: never write to them.
 * Classification: `y[i]` is a class index, 0 <= y[i] < classes. Regression: `y[i]` is the target, `classes` is 1.
 */
export interface Problem {
  task: Task;
  /** Number of classes; 1 for regression. */
  classes: number;
  rows: number;
  columns: number;
  /** [rows, columns], row-major: the float32 output of the encoders' ONNX graph. Finite, but NaN may stand where `binned.gaps` says. */
  x: Float32Array;
  /** [rows]. */
  y: Float64Array;
  /** The same matrix in bins, made once per dataset. */
  binned: BinnedMatrix;
  /** [m] ascending indices of the rows to learn from: the dataset itself is never copied for a fold. */
  train: Int32Array;
  /** [rows], how much each row counts: finite, above 0. Absent: all alike. */
  weights?: Float64Array;
  /** By class index, what hyperparameters call the classes; absent: their indices. */
  classNames?: readonly (string | number | boolean)[];
  /** Of two classes, the index of the one whose probability is meant; absent: 1. */
  positive?: number;
  /** [columns], what hyperparameters call the features; absent: their indices. */
  features?: readonly EncodedFeature[];
}

export interface EncodedFeature {
  name: string;
  /** The raw column that it was made of. */
  column: string;
  /** True where it never falls as the raw column rises. */
  rises: boolean;
}

/**
 * A float32 matrix as at most 256 bins a column. Value v lies in the first bin b with v <= edges[b]; the last bin
 * has no edge. Edges are float32 values of midpoints, so `v <= edge` is the same test in JavaScript and in ONNX.
 */
export interface BinnedMatrix {
  rows: number;
  columns: number;
  /** [rows, columns], row-major. */
  bins: Uint8Array;
  /** Per column, ascending; bins of values = edges.length + 1. */
  edges: Float32Array[];
  /** [columns], 1 where values may be missing (NaN): those lie in one more bin, the last. Absent: none may be. */
  gaps?: Uint8Array;
  /**
   * [columns], how many categories the values name (1, 2 ...; 0 is none of them), and 0 where they are sizes. The bin of
   * a category is its number. Absent: all are sizes.
   */
  categories?: Uint8Array;
}

/** A fitted model: plain objects, numbers and typed arrays only, so that it can be cloned between threads. */
export type Fitted = object;

/** How an iterative fit ended. It stands with every candidate, fold by fold, and in the model's file. */
export interface Convergence {
  /** Steps, or sweeps over the features or rows, as the learner counts them. */
  iterations: number;
  /** What the learner's `tolerance` bounds: a scaled gradient, or a relative duality gap. 0 at the optimum. */
  residual: number;
  /** True where residual <= tolerance was reached. */
  converged: boolean;
}

/**
 * What candidates that differ in certain hyperparameters alone have in common: a smaller model that is the beginning of a
 * larger one, sums over the rows, distances. A search fits them together, where that is the same to the bit.
 */
export interface Family<P extends object, M extends Fitted> {
  /** The hyperparameters in which its members may differ. */
  readonly by: readonly (keyof P & string)[];
  /** A model for each member, in their order, which is any: the one that `fit` gives for it. */
  fit(problem: Problem, members: readonly P[], seed: number): M[];
  /** What each of the models that one such fit gave answers, as `predict` does. Absent: they share nothing in answering. */
  predict?(models: readonly M[], x: Float32Array, columns: number, index?: Int32Array): Float64Array[];
}

/**
 * A learner of the shelf. Everything is a pure function of its arguments; the seed is explicit.
 * One file an idea: a learner is one file in learning/learners/ and one line in learning/learners/shelf.ts.
 */
export interface Learner<P extends object = object, M extends Fitted = Fitted> {
  /** As written in a definition, for example `forest`. */
  readonly name: string;
  /** For people, for example `Random forest (histogram-based)`. */
  readonly title: string;
  readonly tasks: readonly Task[];
  /** Hyperparameters with ranges and defaults; unknown names are refused. */
  readonly params: z.ZodType<P>;
  /** True where it heeds the problem's `weights`. */
  readonly weighs?: true;
  /** True where values of features may be missing (NaN), in learning and in answering. */
  readonly bridgesGaps?: true;
  /** True where it takes the numbers of categories (`binned.categories`) for names and not for sizes. */
  readonly takesCategories?: true;
  /** Why this learner cannot take a problem of that shape, or undefined when it can. */
  refuses?(
    shape: { task: Task; rows: number; columns: number; classes: number },
    params: P,
  ): string | undefined;
  /** Independent units of work that may be fitted on different threads: trees of a forest; 1 for most. */
  units(params: P): number;
  /** Fits units from..to (excluded). The result does not depend on how the units are cut into calls. */
  fit(problem: Problem, params: P, seed: number, from: number, to: number): M;
  /** Joins what `fit` gave for consecutive ranges, in order. */
  join(parts: M[]): M;
  /** Of learners of which several candidates share their work. */
  readonly family?: Family<P, M>;
  /** How the fit of a model ended; only of learners that iterate towards an optimum. */
  convergence?(model: M): Convergence;
  /**
   * Predicts `rows` rows of `x` ([?, columns], row-major), or the rows listed in `index` of them.
   * Classification: [rows, classes] probabilities. Regression: [rows] values.
   */
  predict(model: M, x: Float32Array, columns: number, index?: Int32Array): Float64Array;
  /**
   * Adds this model to a graph whose tensor `features` is float32 [N, columns], and returns the names of its
   * outputs. Classification: `label` int64 [N], `probabilities` float32 [N, classes]. Regression: `prediction`
   * float32 [N]. Labels are the argmax with the lowest index on ties, exactly as `predict` then argmax.
   */
  toOnnx(
    model: M,
    graph: GraphBuilder,
    features: string,
  ): { label: string; probabilities: string } | { prediction: string };
}
