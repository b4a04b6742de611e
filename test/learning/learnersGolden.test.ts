import { describe, expect, test } from 'vitest';
import type { LogisticModel } from '../../learning/learners/logistic.ts';
import type { RidgeModel } from '../../learning/learners/ridge.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import { expected, fit, holdOut, load, predict, scaled } from './learnersData.ts';

/** Learners give what scikit-learn gives on the same rows: coefficients to digits, forests within their own noise. */

const cancer = load('cancer');
const digits = load('digits');
const friedman = load('friedman');

describe('logistic finds the coefficients of LogisticRegression', () => {
  const cases = [
    ...expected.logistic.cancer.map((golden) => ({ name: 'cancer, unscaled', problem: cancer, golden })),
    ...expected.logistic.cancerScaled.map((golden) => ({
      name: 'cancer, scaled',
      problem: scaled(cancer),
      golden,
    })),
    ...expected.logistic.digits.map((golden) => ({ name: 'digits, 10 classes', problem: digits, golden })),
  ];
  test.each(cases)('$name, l2 = $golden.l2', ({ problem, golden }) => {
    expect(distance({})).toBeLessThan(1e-5);

    /** Largest difference of a coefficient, relative to 1 or its size. */
    function distance(options: object): number {
      const model = fit('logistic', problem, { l2: golden.l2, ...options }) as LogisticModel;
      expect(model.converged).toBe(true);
      const { columns, classes } = problem;
      const held = classes - golden.coef.length;
      const relative = (ours: number, theirs: number) =>
        Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
      const distances = golden.coef.flatMap((weights, k) => [
        ...weights.map((weight, f) => relative(model.weights[f * classes + held + k], weight)),
        relative(model.intercepts[held + k], golden.intercept[k]),
      ]);
      expect(distances.length).toBe(golden.coef.length * (columns + 1));
      return Math.max(...distances);
    }
  });
});

test('the tolerance of logistic bounds how far the mean objective is from its least value', () => {
  const objective = (tolerance: number) => {
    const model = fit('logistic', digits, { tolerance }) as LogisticModel;
    const shares = predict('logistic', model, digits);
    const loss = digits.train.reduce((sum, row) => sum - Math.log(shares[row * 10 + digits.y[row]]), 0);
    const penalty = model.weights.reduce((sum, weight) => sum + (weight * weight) / 2, 0);
    return (loss + penalty) / digits.rows;
  };
  const least = objective(1e-8);
  for (const tolerance of [1e-2, 1e-3]) {
    const gap = objective(tolerance) - least;
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(650 * tolerance ** 2); // 10 classes of 64 weights and an intercept
  }
});

test.each(expected.ridge.friedman)(
  'ridge finds the coefficients of Ridge, l2 = $l2',
  ({ l2, coef, intercept }) => {
    const model = fit('ridge', friedman, { l2 }) as RidgeModel;
    coef.forEach((weight, f) => expect(model.weights[f]).toBeCloseTo(weight, 10));
    expect(model.intercept).toBeCloseTo(intercept, 9);
    expect(model.jitter).toBe(0);
  },
);

describe('trees are as good as those of scikit-learn', () => {
  const shallow = { maxDepth: 4, minLeaf: 5, maxFeatures: 0.5, rowShare: 0.6 };
  test.each([
    ['forest', 'cancer', cancer, {}, expected.forest.cancer],
    ['forest', 'digits', digits, {}, expected.forest.digits],
    ['forest', 'digits, limited', digits, shallow, expected.forest.digitsShallow],
    ['forest', 'friedman', friedman, {}, expected.forest.friedman],
    ['tree', 'cancer', cancer, {}, expected.tree.cancer],
    ['tree', 'digits', digits, { maxDepth: 8 }, expected.tree.digits],
    ['tree', 'friedman', friedman, { minLeaf: 5 }, expected.tree.friedman],
  ] as const)('%s on %s', (name, _set, whole, params, golden) => {
    const { problem, test: rows, truth } = holdOut(whole);
    const seeds = [1, 2, 3, 4, 5];
    const scores = seeds.map((seed) => {
      const predictions = predict(name, fit(name, problem, params, seed), problem, rows);
      const metrics = computeMetrics(
        problem.task,
        problem.classes,
        problem.task === 'binary' ? 1 : undefined,
        truth,
        predictions,
      );
      return problem.task === 'regression' ? [metrics.r2] : [metrics.accuracy, metrics.rocAuc];
    });
    golden.mean.forEach((mean, i) => {
      const ours = scores.reduce((sum, score) => sum + (score[i] ?? NaN), 0) / seeds.length;
      // Three standard errors of our mean, and two points for splitting between bins instead of values.
      expect(ours).toBeGreaterThan(mean - 3 * ((golden.std[i] ?? 0) / Math.sqrt(seeds.length)) - 0.02);
    });
  });
});
