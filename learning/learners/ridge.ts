import { z } from 'zod';
import type { GraphBuilder } from '../onnx/graph.ts';
import type { Learner, Problem } from '../types.ts';
import { factorise, solveLower, solveUpper } from './linear/cholesky.ts';
import { columnMoments } from './linear/moments.ts';
import { ONNX_DOUBLE, ONNX_FLOAT } from './outputs.ts';

const params = z.strictObject({
  /** Strength of the penalty l2 * |weights|^2 on the summed squared error: scikit-learn's alpha. */
  l2: z.number().min(0).max(1e12).default(1),
});

export interface RidgeModel {
  /** [columns] */
  weights: Float64Array;
  intercept: number;
  /** What was added to the diagonal of the scaled normal equations because they were singular; 0 as a rule. */
  jitter: number;
}

/** Above this the normal equations take minutes and gigabytes. */
const MAX_COLUMNS = 5_000;

/** Linear regression with an L2 penalty and a free intercept, in closed form. */
export const ridge: Learner<z.output<typeof params>, RidgeModel> = {
  name: 'ridge',
  title: 'Ridge regression (closed form)',
  tasks: ['regression'],
  params,
  refuses: ({ columns }) =>
    columns > MAX_COLUMNS
      ? `it solves ${columns} x ${columns} equations, and takes at most ${MAX_COLUMNS} features`
      : undefined,
  units: () => 1,
  fit,
  join: ([model]) => model,
  predict,
  toOnnx,
};

/**
 * Normal equations of the centred features, scaled to a unit diagonal so that the units of a feature cost no digits.
 * Columns that repeat each other leave them singular where nothing is penalised: the jitter that `factorise` then adds
 * picks, to about 7 digits, the shortest of the solutions that fit equally well.
 */
function fit({ x, y, columns, train }: Problem, { l2 }: { l2: number }): RidgeModel {
  const { means, deviations } = columnMoments(x, columns, train);
  const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
  let meanY = 0;
  for (const row of train) meanY += y[row];
  meanY /= train.length;

  const { gram, moments: scaled } = normalEquations({ x, y, columns, train }, means, inverse, meanY);
  for (let f = 0; f < columns; f++) {
    // A constant column has only its own diagonal, and so weight 0.
    if (deviations[f] === 0) gram[f * columns + f] = 1;
    else gram[f * columns + f] += (l2 * inverse[f] * inverse[f]) / train.length;
  }
  const { lower, jitter } = factorise(gram, columns);
  solveLower(lower, scaled);
  solveUpper(lower, scaled);
  const weights = scaled.map((value, f) => value * inverse[f]);
  let intercept = meanY;
  for (let f = 0; f < columns; f++) intercept -= weights[f] * means[f];
  return { weights, intercept, jitter };
}

/** Mean products of the standardised features with each other (lower triangle) and with the centred target. */
function normalEquations(
  { x, y, columns, train }: Pick<Problem, 'x' | 'y' | 'columns' | 'train'>,
  means: Float64Array,
  inverse: Float64Array,
  meanY: number,
): { gram: Float64Array; moments: Float64Array } {
  const gram = new Float64Array(columns * columns);
  const moments = new Float64Array(columns);
  const z = new Float64Array(columns);
  for (const row of train) {
    for (let f = 0; f < columns; f++) z[f] = (x[row * columns + f] - means[f]) * inverse[f];
    const target = y[row] - meanY;
    for (let f = 0; f < columns; f++) {
      const value = z[f];
      moments[f] += value * target;
      for (let g = 0, at = f * columns; g <= f; g++, at++) gram[at] += value * z[g];
    }
  }
  for (let i = 0; i < gram.length; i++) gram[i] /= train.length;
  for (let f = 0; f < columns; f++) moments[f] /= train.length;
  return { gram, moments };
}

function predict(
  { weights, intercept }: RidgeModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    let value = 0;
    for (let f = 0; f < columns; f++) value += x[at + f] * weights[f];
    values[i] = Math.fround(value + intercept);
  }
  return values;
}

function toOnnx({ weights, intercept }: RidgeModel, graph: GraphBuilder, features: string) {
  const vector = graph.constant({ type: 'double', dims: [weights.length], values: weights });
  const bias = graph.constant({ type: 'double', dims: [], values: [intercept] });
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const [product] = graph.node('MatMul', [exact, vector]);
  const [value] = graph.node('Add', [product, bias]);
  return { prediction: graph.node('Cast', [value], { to: { int: ONNX_FLOAT } })[0] };
}
