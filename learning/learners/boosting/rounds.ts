import { deriveSeed, Random } from '../../rng.ts';
import type { Problem } from '../../types.ts';
import { weightsOf } from '../weights.ts';
import { logLoss, softmaxLoss } from './classLoss.ts';
import { addAnswers, type GrownTree } from './grownTree.ts';
import { kernelsFor, type Kernels } from './kernels.ts';
import { LeafWiseGrower, mostHistograms, type LeafValue } from './leafWise.ts';
import type { Loss } from './loss.ts';
import { quantileLoss, squaredLoss } from './numberLoss.ts';
import { gatherColumns, packRows, wordsOf } from './packedBins.ts';
import { packGradients } from './packedGradients.ts';
import type { Params } from './params.ts';
import { rulesOf } from './rules.ts';
import { cutOff } from './validation.ts';

export interface Boosted {
  /** [scores], what a row has before any tree. */
  start: Float64Array;
  /** [rounds][scores] */
  rounds: GrownTree[][];
}

/**
 * Fits tree after tree to the slopes of the loss (Friedman, "Greedy function approximation", Annals of Statistics 29,
 * 2001). Round r draws from a seed of its own, so more rounds begin with the same trees.
 *
 * @throws NumericalError where errors leave what 64-bit floating point can hold
 */
export function runRounds(problem: Problem, params: Params, seed: number): Boosted {
  const { binned, columns, train, task } = problem;
  if (train.length === 0) throw new RangeError('There are no rows to learn from.');
  const { fit, judge } =
    params.patience === null
      ? { fit: train, judge: new Int32Array() }
      : cutOff(
          train,
          task === 'regression' ? () => 0 : (row) => problem.y[row],
          params.validationShare,
          deriveSeed(seed, 'validation'),
        );

  // From here on a row is a position: those to fit, then those to judge by.
  const order = new Int32Array(fit.length + judge.length);
  order.set(fit);
  order.set(judge, fit.length);
  const stride = order.length;
  const limits = { ...params, maxDepth: params.maxDepth ?? Infinity };
  const kernels = kernelsFor({
    rows: stride,
    columns,
    scores: task === 'multiclass' ? problem.classes : 1,
    histograms: mostHistograms(fit.length, limits),
  });
  const loss = lossOf(problem, params, kernels);
  const y = kernels.float64(stride);
  for (let i = 0; i < stride; i++) y[i] = problem.y[order[i]];
  const table = gatherColumns(binned, order, kernels);
  const rowWeights = weightsOf(problem, params.classWeight);
  const weights = rowWeights && Float64Array.from(order, (row) => rowWeights[row]);
  const every = Int32Array.from({ length: columns }, (_, column) => column);
  const byRow = { binsOf: kernels.int32(columns), bins: kernels.int32(stride * wordsOf(columns)) };
  const all = packRows(table, every, byRow);

  const start = loss.start(y, fit.length, weights);
  const scores = kernels.float64(loss.scores * stride);
  start.forEach((score, k) => scores.fill(score, k * stride, (k + 1) * stride));
  const gradients = kernels.float64(scores.length);
  const hessians = kernels.float64(scores.length);
  const packed = kernels.float64(stride);
  const grower = new LeafWiseGrower(kernels, table, limits, rulesOf(problem, params));

  const positions = Int32Array.from({ length: stride }, (_, i) => i);
  const rounds: GrownTree[][] = [];
  let least = Infinity;
  let best = 0;
  for (let round = 0; round < params.rounds; round++) {
    const random = new Random(deriveSeed(seed, 'round', round));
    const { taken, left } = draw(positions, fit.length, params.rowShare, random);
    loss.derive(y, scores, fit.length, stride, gradients, hessians);
    if (weights) weigh(weights, fit.length, stride, gradients, hessians);
    const trees: GrownTree[] = [];
    for (let k = 0; k < loss.scores; k++) {
      const offset = k * stride;
      const seen =
        params.columnShare === 1 ? all : packRows(table, drawSome(every, params.columnShare, random), byRow);
      const steps = packGradients(kernels, gradients, hessians, offset, taken, packed);
      const valueOf: LeafValue = (leaf, from, to, low, high, l2) =>
        params.learningRate *
        (loss.step
          ? loss.step(y, scores, leaf, from, to, weights)
          : within(
              newtonStep(kernels.sumSlopes(gradients, hessians, offset, leaf, from, to, l2)),
              low,
              high,
            ));
      const tree = grower.grow(seen, taken, packed, steps, valueOf, scores, offset);
      addAnswers(tree, table, left, scores, offset);
      trees.push(tree);
    }
    rounds.push(trees);
    if (params.patience === null || judge.length === 0) continue;
    const now = loss.mean(y, scores, fit.length, stride, stride, weights);
    if (now < least) {
      least = now;
      best = round;
    } else if (round - best >= params.patience) break;
  }
  return { start, rounds: least < Infinity ? rounds.slice(0, best + 1) : rounds };
}

function lossOf({ task, classes }: Problem, { loss, quantile }: Params, kernels: Kernels): Loss {
  if (task !== 'regression') return classes === 2 ? logLoss(kernels) : softmaxLoss(classes, kernels);
  if (loss === 'squared') return squaredLoss;
  return quantileLoss(loss === 'absolute' ? 0.5 : quantile);
}

function weigh(
  weights: Float64Array,
  rows: number,
  stride: number,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  for (let start = 0; start < gradients.length; start += stride) {
    for (let i = 0; i < rows; i++) {
      gradients[start + i] *= weights[i];
      hessians[start + i] *= weights[i];
    }
  }
}

function within(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** In float64 from the rows themselves: the packed sums that chose the cuts are rounded. */
function newtonStep({ gradient, hessian }: { gradient: number; hessian: number }): number {
  return hessian > 0 ? -gradient / hessian : 0;
}

/** The positions that a round grows on, and all others, ascending both. */
function draw(
  positions: Int32Array,
  fit: number,
  share: number,
  random: Random,
): { taken: Int32Array; left: Int32Array } {
  if (share === 1) return { taken: positions.subarray(0, fit), left: positions.subarray(fit) };
  const taken = drawSome(positions.subarray(0, fit), share, random);
  const isTaken = new Uint8Array(positions.length);
  for (const position of taken) isTaken[position] = 1;
  return { taken, left: positions.filter((position) => isTaken[position] === 0) };
}

/** A share of the items, at least one, in their order; every choice is equally likely (Knuth's algorithm S). */
function drawSome(items: Int32Array, share: number, random: Random): Int32Array {
  const chosen = new Int32Array(Math.max(1, Math.round(share * items.length)));
  let found = 0;
  for (let i = 0; found < chosen.length; i++) {
    if (random.below(items.length - i) < chosen.length - found) chosen[found++] = items[i];
  }
  return chosen;
}
