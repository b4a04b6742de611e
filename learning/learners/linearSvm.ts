import { z } from 'zod';
import { addSigmoidShares, putSigmoidShares } from '../calibrators/sigmoids.ts';
import type { GraphBuilder } from '../onnx/graph.ts';
import { deriveSeed } from '../rng.ts';
import type { Learner, Problem } from '../types.ts';
import { ONNX_DOUBLE } from './outputs.ts';
import { classWeight, weightsOf } from './weights.ts';
import { dealFolds } from './svm/dealFolds.ts';
import { fitMachine, type Machine } from './svm/dualDescent.ts';
import { fitSigmoid, type Sigmoid } from './svm/platt.ts';

const params = z.strictObject({
  /** Of a row on the wrong side of its margin: the distance (hinge) or its square. */
  loss: z.enum(['squaredHinge', 'hinge']).default('squaredHinge'),
  /** Strength of the penalty l2 / 2 * |weights|^2 on the summed loss: scikit-learn's C is 1 / l2. */
  l2: z.number().gt(0).lte(1e9).default(1),
  maxIterations: z.int().min(1).max(1_000_000).default(10_000),
  /** Bound on the duality gap, as a share of the objective. */
  tolerance: z.number().gt(0).lte(1).default(1e-4),
  classWeight,
});
type Params = z.output<typeof params>;

export interface LinearSvmModel {
  classes: number;
  /** [columns, machines]: one machine for two classes (the second against the first), else one a class. */
  weights: Float64Array;
  /** [machines] */
  intercepts: Float64Array;
  /** [machines]: what makes a score a probability, `Sigmoid` by machine. */
  slopes: Float64Array;
  offsets: Float64Array;
  /** Of the machine that took the most passes, and of the one that ended farthest from its optimum. */
  iterations: number;
  gap: number;
  converged: boolean;
}

/** Inner folds whose scores the probabilities are fitted to. */
const FOLDS = 5;

/**
 * Linear support vector machine with an L2 penalty, each class against the rest. Probabilities are fitted to the scores of
 * rows that were held out in turn, and of several classes brought to a sum of 1; the answer is the most probable class.
 */
export const linearSvm: Learner<Params, LinearSvmModel> = {
  name: 'linearSvm',
  title: 'Linear support vector machine (calibrated)',
  tasks: ['binary', 'multiclass'],
  weighs: true,
  params,
  units: () => 1,
  fit,
  join: ([model]) => model,
  convergence: ({ iterations, gap, converged }) => ({ iterations, residual: gap, converged }),
  predict,
  toOnnx,
};

function fit(given: Problem, options: Params, seed: number): LinearSvmModel {
  const problem = { ...given, weights: weightsOf(given, options.classWeight) };
  const { columns, classes, train } = problem;
  if (train.length === 0) throw new RangeError('There are no rows to learn from.');
  const members = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
  const machines = members.map((member) =>
    fitMachine({ ...problem, rows: train }, member, options, deriveSeed(seed, 'class', member)),
  );
  const sigmoids = calibrate(problem, members, options, seed);
  const count = members.length;
  const weights = new Float64Array(columns * count);
  machines.forEach((machine, k) => {
    for (let f = 0; f < columns; f++) weights[f * count + k] = machine.weights[f];
  });
  const gap = machines.reduce((most, machine) => Math.max(most, machine.gap), 0);
  return {
    classes,
    weights,
    intercepts: Float64Array.from(machines, (machine) => machine.weights[columns]),
    slopes: Float64Array.from(sigmoids, ({ slope }) => slope),
    offsets: Float64Array.from(sigmoids, ({ offset }) => offset),
    iterations: machines.reduce((most, { iterations }) => Math.max(most, iterations), 0),
    gap,
    converged: gap <= options.tolerance,
  };
}

/** Each class's probabilities by the scores of machines that did not see the rows. */
function calibrate(problem: Problem, members: number[], options: Params, seed: number): Sigmoid[] {
  const { x, y, columns, classes, train, weights } = problem;
  const folds = Math.min(FOLDS, train.length);
  const foldOf = dealFolds(train, y, classes, folds, deriveSeed(seed, 'folds'));
  return members.map((member) => {
    const scores = new Float64Array(train.length);
    for (let fold = 0; fold < folds; fold++) {
      const rows = train.filter((_, i) => foldOf[i] !== fold);
      const machine = fitMachine(
        { ...problem, rows },
        member,
        options,
        deriveSeed(seed, 'class', member, fold),
      );
      for (let i = 0; i < train.length; i++)
        if (foldOf[i] === fold) scores[i] = scoreOf(machine, x, train[i] * columns);
    }
    return fitSigmoid(
      scores,
      Uint8Array.from(train, (row) => (y[row] === member ? 1 : 0)),
      weights && Float64Array.from(train, (row) => weights[row]),
    );
  });
}

function scoreOf({ weights }: Machine, x: Float32Array, at: number): number {
  const columns = weights.length - 1;
  let score = weights[columns];
  for (let f = 0; f < columns; f++) score += x[at + f] * weights[f];
  return score;
}

function predict(
  { classes, weights, intercepts, slopes, offsets }: LinearSvmModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const count = intercepts.length;
  const probabilities = new Float64Array(rows * classes);
  const scores = new Float64Array(count);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    scores.fill(0);
    for (let f = 0; f < columns; f++) {
      const value = x[at + f];
      for (let k = 0; k < count; k++) scores[k] += value * weights[f * count + k];
    }
    for (let k = 0; k < count; k++) scores[k] += intercepts[k];
    putSigmoidShares({ slopes, offsets }, scores, probabilities, i * classes, classes);
  }
  return probabilities;
}

function toOnnx(model: LinearSvmModel, graph: GraphBuilder, features: string) {
  const { weights, intercepts, slopes, offsets } = model;
  const count = intercepts.length;
  const double = (values: ArrayLike<number>, dims = [values.length]) =>
    graph.constant({ type: 'double', dims, values });
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const [product] = graph.node('MatMul', [exact, double(weights, [weights.length / count, count])]);
  const [scores] = graph.node('Add', [product, double(intercepts)]);
  return addSigmoidShares({ slopes, offsets }, graph, scores);
}
