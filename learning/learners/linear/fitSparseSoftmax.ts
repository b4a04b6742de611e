import type { SoftmaxFit } from './fitSoftmax.ts';
import type { LabelledRows } from './softmaxLoss.ts';
import { SoftmaxModel } from './softmaxModel.ts';
import { standardColumns, type StandardColumns } from './standardColumns.ts';

/** A model need only be as good as the step that it is made for. */
const MODEL_TOLERANCE = 0.05;
/** Sufficient decrease, as a share of what the model promises. */
const DECREASE = 1e-4;
const MAX_HALVINGS = 40;
/** Values this close, relatively, cannot be told apart by their difference. */
const NOISE = 1e-14;
/** Steps without a smaller subgradient after which rounding, not the model, decides. */
const PATIENCE = 10;

/**
 * Minimises mean log loss (rows counting by their weights) + l1 / rows |weights|_1 + l2 / (2 rows) |weights|^2, the intercepts free, by proximal Newton
 * steps: coordinate descent on the second-order model, then a step of 1, 1/2, 1/4 ... that decreases the objective
 * (Yuan, Ho and Lin, "An improved GLMNET for L1-regularized logistic regression", JMLR 2012; Lee, Sun and Saunders,
 * "Proximal Newton-type methods for minimizing composite functions", 2014).
 *
 * @param free weight vectors: 1 for two classes, else one a class
 */
export function fitSparseSoftmax(
  problem: LabelledRows,
  free: number,
  options: { l1: number; l2: number; tolerance: number; maxIterations: number },
): SoftmaxFit {
  const { x, y, columns, classes, train } = problem;
  const size = columns + 1;
  const rows = train.length;
  const data = standardColumns(x, columns, train, problem.weights);
  const { total, weights: rowWeights } = data;
  const l1 = new Float64Array(size);
  const l2 = new Float64Array(size);
  for (let f = 0; f < columns; f++) {
    l1[f] = (options.l1 * data.inverse[f]) / total;
    l2[f] = (options.l2 * data.inverse[f] * data.inverse[f]) / total;
  }
  const truth = Int32Array.from(train, (row) => y[row]);
  const model = new SoftmaxModel(data, free, l1, l2);
  const weights = new Float64Array(free * size);
  const scores = new Float64Array(free * rows);
  const shares = new Float64Array(free * rows);
  const residuals = new Float64Array(free * rows);
  let value = logLoss(scores, truth, classes, shares, data) + penaltyOf(weights, l1, l2);
  let gradientNorm = Infinity;
  let best = Infinity;
  let idle = 0;
  let iterations = 0;
  for (; ; iterations++) {
    residuals.set(shares);
    for (let i = 0; i < rows; i++) {
      const k = truth[i] - (classes - free);
      if (k >= 0) residuals[k * rows + i] -= 1;
    }
    if (rowWeights) for (let r = 0; r < residuals.length; r++) residuals[r] *= rowWeights[r % rows];
    gradientNorm = model.centre(weights, shares, residuals);
    idle = gradientNorm < best ? 0 : idle + 1;
    best = Math.min(best, gradientNorm);
    if (gradientNorm <= options.tolerance || iterations === options.maxIterations || idle > PATIENCE) break;
    const step = model.minimise(weights, shares, MODEL_TOLERANCE * gradientNorm);
    const next = search(step);
    if (next === undefined) break; // The objective is flat to the last digit: no better point can be told.
    value = next;
  }
  return {
    weights: unstandardised(weights, data),
    iterations,
    gradientNorm,
    converged: gradientNorm <= options.tolerance,
  };

  /** Moves weights and scores along the step and returns the objective there, or undefined where nothing is gained. */
  function search(step: Float64Array): number | undefined {
    const whole = weights.map((weight, i) => weight + step[i]);
    let promised = penaltyOf(whole, l1, l2) - penaltyOf(weights, l1, l2);
    // The model's slopes hold the L2 part, which the penalties have already.
    for (let i = 0; i < step.length; i++) promised += (model.slopes[i] - l2[i % size] * weights[i]) * step[i];
    const from = scores.slice();
    const start = weights.slice();
    for (let t = 1, n = 0; n < MAX_HALVINGS; t /= 2, n++) {
      for (let i = 0; i < weights.length; i++) weights[i] = t === 1 ? whole[i] : start[i] + t * step[i];
      for (let i = 0; i < scores.length; i++) scores[i] = from[i] + t * model.moved[i];
      const trial = logLoss(scores, truth, classes, shares, data) + penaltyOf(weights, l1, l2);
      if (trial <= value + DECREASE * t * promised + NOISE * Math.abs(value)) return trial;
    }
    weights.set(start);
    scores.set(from);
    logLoss(scores, truth, classes, shares, data);
    return undefined;
  }
}

/** The mean of -log p(class); writes the probabilities. Where fewer scores than classes are given, the first has 0. */
function logLoss(
  scores: Float64Array,
  truth: Int32Array,
  classes: number,
  shares: Float64Array,
  { weights, total }: StandardColumns,
): number {
  const rows = truth.length;
  const free = scores.length / rows;
  const held = classes - free;
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    let highest = held > 0 ? 0 : -Infinity;
    for (let r = i; r < scores.length; r += rows) if (scores[r] > highest) highest = scores[r];
    let sum = held > 0 ? Math.exp(-highest) : 0;
    for (let r = i; r < scores.length; r += rows) sum += shares[r] = Math.exp(scores[r] - highest);
    for (let r = i; r < scores.length; r += rows) shares[r] /= sum;
    const own = truth[i] < held ? 0 : scores[(truth[i] - held) * rows + i];
    const one = highest - own + Math.log(sum);
    loss += weights ? weights[i] * one : one;
  }
  return loss / total;
}

function penaltyOf(weights: Float64Array, l1: Float64Array, l2: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const f = i % l1.length;
    sum += l1[f] * Math.abs(weights[i]) + 0.5 * l2[f] * weights[i] * weights[i];
  }
  return sum;
}

/** From weights of standardised features to those of the features as they are. */
function unstandardised(weights: Float64Array, { means, inverse }: StandardColumns): Float64Array {
  const size = means.length + 1;
  const found = weights.slice();
  for (let start = 0; start < found.length; start += size) {
    for (let f = 0; f < size - 1; f++) {
      found[start + f] *= inverse[f];
      found[start + size - 1] -= means[f] * found[start + f];
    }
  }
  return found;
}
