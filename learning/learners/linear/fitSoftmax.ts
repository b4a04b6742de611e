import { Random } from '../../rng.ts';
import { totalWeight } from '../weights.ts';
import { softmaxLoss, type LabelledRows } from './softmaxLoss.ts';
import { SoftmaxObjective } from './softmaxObjective.ts';
import { runStage } from './softmaxStage.ts';

export interface SoftmaxFit {
  /** [free, columns + 1], the intercept last: one vector for two classes, else one a class. */
  weights: Float64Array;
  /** Over all rows. */
  iterations: number;
  gradientNorm: number;
  converged: boolean;
}

/** The blocks cost as much as columns / 8 iterations; beyond this many columns their diagonals have to do. */
const MAX_WHITENED = 300;
const LEAST_STAGE = 20;
/** Rows of the sample: at least so many, and so many for each feature. Without twice as many there is none. */
const LEAST_SAMPLE = 4096;
const SAMPLE_BY_FEATURE = 32;
/** Of the gradient where the curvature is looked at again: nearer it hardly changes any more. */
const ROUGH = 0.005;
const ROUGH_STAGES = 3;
/** Steps in whitened coordinates up to here leave the curvature as it was, to a few hundredths. */
const NEAR = 0.2;

/**
 * Minimises mean log loss (rows counting by their weights) + l2 / (2 rows) |weights|^2, the intercepts free, by L-BFGS in
 * stages: each goes on from where the one before ended, in coordinates whitened by the Hessian's blocks there. On separable
 * classes, where the curvature falls by orders of magnitude on the way, one whitening at the start would be worse than none.
 *
 * Of many rows a sample is fitted first, roughly: from its optimum a few iterations on all rows are left, and its Hessian
 * is theirs but for what chance does to it (sub-sampled Newton methods: Erdogdu and Montanari 2015; Bollapragada, Byrd and
 * Nocedal 2019). What is found does not hang on the sample, and the diagonals of the Hessian are always those of all rows.
 * A stage that ends far from where it began is followed by one that confirms, or with no iterations left denies, its end.
 */
export function fitSoftmax(
  data: LabelledRows,
  options: { l2: number; tolerance: number; maxIterations: number },
): SoftmaxFit {
  const { columns, train } = data;
  const { tolerance, maxIterations } = options;
  const full = columns <= MAX_WHITENED;
  const length = Math.max(LEAST_STAGE, columns);
  const total = totalWeight(train, data.weights);
  const loss = softmaxLoss(data, full);
  const { means, deviations } = loss.moments();
  const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
  const standard = { means, inverse, penalty: options.l2 / total };
  const all = new SoftmaxObjective(loss, total, standard);
  const zeros = new Float64Array(loss.free * (columns + 1));
  const fit: SoftmaxFit = { weights: zeros, iterations: 0, gradientNorm: Infinity, converged: false };

  const sample = sampleOf(train, columns);
  let like = all;
  if (sample) {
    const own = softmaxLoss({ ...data, train: sample }, full);
    like = new SoftmaxObjective(own, totalWeight(sample, data.weights), standard);
  }
  let near = false;
  for (let stage = 0; stage < ROUGH_STAGES && !near; stage++) {
    const left = like === all ? maxIterations - fit.iterations : length;
    const end = runStage(like, fit.weights, like.whiten(fit.weights, full), standard, {
      tolerance: Math.max(ROUGH, tolerance),
      maxIterations: Math.min(left, length),
    });
    if (like === all) fit.iterations += end.iterations;
    fit.weights = end.weights;
    near = end.converged;
  }
  // Weights that leave to infinity, as where the sample's classes can be separated, are no start.
  if (like !== all && !near) fit.weights = zeros;

  let moved: boolean;
  do {
    const end = runStage(all, fit.weights, all.whiten(fit.weights, full, like), standard, {
      tolerance,
      maxIterations: Math.min(maxIterations - fit.iterations, length),
    });
    moved = end.iterations > 0 && !(end.converged && end.distance <= NEAR);
    fit.weights = end.weights;
    fit.iterations += end.iterations;
    fit.gradientNorm = end.gradientNorm;
    fit.converged = end.converged;
    // A sample whose Hessian does not help is left alone.
    if (!end.converged) like = all;
  } while (moved);
  return fit;
}

/** Of each run of consecutive rows one, by chance, so that no period in the rows is met; undefined where they are few. */
function sampleOf(train: Int32Array, columns: number): Int32Array | undefined {
  const run = Math.floor(train.length / Math.max(LEAST_SAMPLE, SAMPLE_BY_FEATURE * columns));
  if (run < 2) return undefined;
  const random = new Random(0);
  return Int32Array.from(
    { length: Math.floor(train.length / run) },
    (_, i) => train[i * run + random.below(run)],
  );
}
