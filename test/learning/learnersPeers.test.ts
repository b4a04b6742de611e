import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { NaiveBayesModel } from '../../learning/learners/naiveBayes/model.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import type { Problem } from '../../learning/types.ts';
import { FOLDS, fit, foldOf, load, meanAndError, meanOf, predict, scaled } from './learnersData.ts';

/**
 * Cross-validated on the same rows and folds, a learner is within one standard error of its peer or better. The rule is
 * older than the peers' scores: mean over the seeds, less the standard error of one cross-validation.
 */

/** [seed][fold][score], larger is better; see test/golden/learnersPeers.py. */
type FoldScores = number[][][];
const peers = JSON.parse(
  readFileSync(new URL('../golden/learnersPeers.json', import.meta.url), 'utf8'),
) as Record<'boosting' | 'extraTrees', Record<string, FoldScores>> & {
  naiveBayes: { cancer: Record<'means' | 'variances' | 'shares', number[][]> & { priors: number[] } };
};

/** Ten seeds each; see test/golden/learnersShelf.py. */
const later = JSON.parse(readFileSync(new URL('../golden/learnersShelf.json', import.meta.url), 'utf8')) as {
  linearSvm: { scores: Record<'cancerScaled' | 'digitsScaled', FoldScores> };
  neighbors: { scores: Record<'cancer' | 'digits' | 'friedman', FoldScores> };
};

// Up to fifty fits each, of some seconds in all on a core that nobody shares.
vi.setConfig({ testTimeout: 120_000 });
const cancer = load('cancer');
const digits = load('digits');
const friedman = load('friedman');
const sampled = { rowShare: 0.7, columnShare: 0.6, l2: 1, maxDepth: 4 };

describe('boosting beside LightGBM', () => {
  test.each([
    ['cancer', cancer, {}, classified],
    ['digits', digits, {}, classified],
    ['friedman', friedman, {}, explained],
    ['cancerSampled', cancer, sampled, classified],
    ['digitsSampled', digits, sampled, classified],
    ['friedmanAbsolute', friedman, { loss: 'absolute' }, pinball(0.5, 2)],
    ['friedmanQuantile', friedman, { loss: 'quantile', quantile: 0.8 }, pinball(0.8, 1)],
  ] as const)('%s', (name, problem, params, score) => {
    compare('boosting', problem, params, score, peers.boosting[name]);
  });
});

describe('extra trees beside those of scikit-learn', () => {
  test.each([
    ['cancer', cancer, classified],
    ['digits', digits, classified],
    ['friedman', friedman, explained],
  ] as const)('%s', (name, problem, score) => {
    compare('extraTrees', problem, {}, score, peers.extraTrees[name]);
  });
});

describe('a linear support vector machine beside a calibrated LinearSVC', () => {
  test.each([
    ['cancerScaled', scaled(cancer)],
    ['digitsScaled', scaled(digits)],
  ] as const)(
    '%s',
    (name, problem) => {
      compare('linearSvm', problem, { l2: 10 }, classified, later.linearSvm.scores[name]);
    },
    120_000,
  );
});

describe('neighbours beside those of scikit-learn', () => {
  test.each([
    ['cancer', cancer, {}, certain],
    ['digits', digits, { weights: 'distance' }, certain],
    ['friedman', friedman, {}, explained],
  ] as const)('%s', (name, problem, params, score) => {
    compare('neighbors', problem, params, score, later.neighbors.scores[name]);
  });
});

test('naive Bayes finds the densities of GaussianNB, and its probabilities', () => {
  const { means, variances, priors, shares } = peers.naiveBayes.cancer;
  const model = fit('naiveBayes', cancer) as NaiveBayesModel;
  means.flat().forEach((mean, i) => expect(model.means[i] / mean).toBeCloseTo(1, 10));
  variances.flat().forEach((variance, i) => expect(-0.5 / model.slopes[i] / variance).toBeCloseTo(1, 8));
  priors.forEach((prior, k) => {
    const logs = variances[k].reduce((sum, variance) => sum + Math.log(2 * Math.PI * variance), 0);
    expect(model.offsets[k]).toBeCloseTo(Math.log(prior) - logs / 2, 6);
  });
  const own = predict('naiveBayes', model, cancer);
  shares.flat().forEach((share, i) => expect(own[i]).toBeCloseTo(share, 6));
  expect(cancer.columns).toBe(means[0].length);
});

function compare(learner: string, problem: Problem, params: object, score: Score, golden: FoldScores): void {
  const ours = golden.map((_, seed) =>
    Array.from({ length: FOLDS }, (_fold, k) => {
      const train = problem.train.filter((row) => foldOf(row, seed) !== k);
      const rows = problem.train.filter((row) => foldOf(row, seed) === k);
      const answers = predict(learner, fit(learner, { ...problem, train }, params, seed), problem, rows);
      const truth = Float64Array.from(rows, (row) => problem.y[row]);
      return score(problem, truth, answers);
    }),
  );
  for (let i = 0; i < golden[0][0].length; i++) {
    const of = (scores: FoldScores) => scores.map((seed) => seed.map((fold) => fold[i]));
    const { mean, error } = meanAndError(of(golden));
    expect(meanAndError(of(ours)).mean).toBeGreaterThan(mean - error);
  }
}

type Score = (problem: Problem, truth: Float64Array, answers: Float64Array) => number[];

function classified({ task, classes }: Problem, truth: Float64Array, answers: Float64Array): number[] {
  const found = computeMetrics(task, classes, task === 'binary' ? 1 : undefined, truth, answers);
  return [found.accuracy ?? NaN, -(found.logLoss ?? NaN)];
}

/** Of a few votes a share may be 0, whose logarithm says nothing. */
function certain({ task, classes }: Problem, truth: Float64Array, answers: Float64Array): number[] {
  const found = computeMetrics(task, classes, task === 'binary' ? 1 : undefined, truth, answers);
  return [found.accuracy ?? NaN, -(found.brier ?? NaN)];
}

function explained({ task, classes }: Problem, truth: Float64Array, answers: Float64Array): number[] {
  return [computeMetrics(task, classes, undefined, truth, answers).r2 ?? NaN];
}

function pinball(level: number, times: number): Score {
  return (_problem, truth, answers) => {
    const losses = Array.from(truth, (y, i) => (y > answers[i] ? level : level - 1) * (y - answers[i]));
    return [-times * meanOf(losses)];
  };
}
