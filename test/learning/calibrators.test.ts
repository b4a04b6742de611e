import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { calibrated } from '../../learning/calibrators/calibrated.ts';
import { calibrate, fitCalibrator, type CalibrationMethod } from '../../learning/calibrators/calibrator.ts';
import { fitIsotonic } from '../../learning/calibrators/isotonic.ts';
import { heightAt, linesOf } from '../../learning/calibrators/lines.ts';
import { Random } from '../../learning/rng.ts';
import { withoutFold } from '../../learning/split.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, find, load, predict, weighed } from './learnersData.ts';

/** Probabilities are fitted to held-out rows as scikit-learn fits them; isotonic functions are what they claim to be. */

const golden = JSON.parse(readFileSync(new URL('../golden/calibration.json', import.meta.url), 'utf8')) as {
  points: Record<'plain' | 'weighed', { x: number[]; y: number[] }>;
  answers: Record<CalibrationMethod, Record<'two' | 'noisy' | 'weighed' | 'ten', number[][]>>;
};

const cancer = load('cancer');
const noisy = { ...cancer, y: cancer.y.map((k, row) => (row % 7 === 0 ? 1 - k : k)) };

describe.each(['sigmoid', 'isotonic'] as const)('CalibratedClassifierCV by %s', (method) => {
  test.each([
    ['two', cancer],
    ['noisy', noisy],
    ['weighed', weighed(noisy)],
    ['ten', load('digits')],
  ] as const)('%s', (name, problem) => {
    const { classes } = problem;
    const rows = problem.train.filter((row) => row % 9 === 0);
    const answers = calibrate(
      fitCalibrator(method, heldOut(problem)),
      predict('naiveBayes', fit('naiveBayes', problem), problem, rows),
      classes,
    );
    const expected = golden.answers[method][name].flat();
    expect(answers.length).toBe(expected.length);
    expect(Math.max(...expected.map((share, i) => Math.abs(answers[i] - share)))).toBeLessThan(1e-6);
  });
});

describe('isotonic regression', () => {
  const scores = Float64Array.from({ length: 569 }, (_, i) => ((i * 37) % 101) / 128);
  const belongs = Uint8Array.from(scores, (score, i) => ((i * 53) % 97 < 101 * score ? 1 : 0));

  test.each([
    ['plain', undefined],
    ['weighed', weighed(cancer).weights],
  ] as const)('has the points of scikit-learn, %s', (name, weights) => {
    const { x, y } = fitIsotonic(scores, belongs, weights);
    expect(Array.from(x)).toEqual(golden.points[name].x);
    golden.points[name].y.forEach((height, i) => expect(y[i]).toBeCloseTo(height, 12));
  });

  test.each([1, 2, 3, 4, 5])('is the best of those that never fall, seed %i', (seed) => {
    const random = new Random(seed);
    const some = Float64Array.from({ length: 12 }, () => random.below(8));
    const ones = Uint8Array.from(some, (score) => (random.below(12) < 2 + score ? 1 : 0));
    const weights = Float64Array.from(some, () => 1 + random.below(3));
    const found = linesOf([fitIsotonic(some, ones, weights)]);
    const at = some.map((score) => heightAt(found, 0, score));
    // The conditions of the least: rising; each height the mean of its rows; no cut of a stretch would be better.
    const order = Array.from(some.keys()).sort((a, b) => some[a] - some[b]);
    const sum = (rows: number[], of: (row: number) => number) => rows.reduce((all, row) => all + of(row), 0);
    order.slice(1).forEach((row, i) => expect(at[row]).toBeGreaterThanOrEqual(at[order[i]]));
    for (const height of new Set(at)) {
      const rows = order.filter((row) => at[row] === height);
      const rest = (row: number) => weights[row] * (ones[row] - height);
      expect(sum(rows, rest)).toBeCloseTo(0, 12);
      for (const cut of new Set(rows.map((row) => some[row]))) {
        const below = rows.filter((row) => some[row] <= cut);
        expect(sum(below, rest)).toBeGreaterThan(-1e-12);
      }
    }
  });

  test('does not depend on the order of the rows, and leaves what rises already', () => {
    const order = Int32Array.from(scores, (_, row) => row);
    new Random(1).shuffle(order);
    const shuffled = fitIsotonic(
      Float64Array.from(order, (row) => scores[row]),
      Uint8Array.from(order, (row) => belongs[row]),
    );
    expect(shuffled).toEqual(fitIsotonic(scores, belongs));
    expect(fitIsotonic(Float64Array.of(0.1, 0.2, 0.3), Uint8Array.of(0, 0, 1))).toEqual({
      x: Float64Array.of(0.1, 0.2, 0.3),
      y: Float64Array.of(0, 0, 1),
    });
  });

  test('one score, one class alone and the wrong order are level; beyond the ends the nearest height', () => {
    const one = linesOf([fitIsotonic(Float64Array.of(0.5, 0.5), Uint8Array.of(0, 1))]);
    expect([0, 0.5, 1].map((score) => heightAt(one, 0, score))).toEqual([0.5, 0.5, 0.5]);
    const all = fitIsotonic(Float64Array.of(0.1, 0.9), Uint8Array.of(1, 1));
    expect(Array.from(all.y)).toEqual([1, 1]);
    const wrong = fitIsotonic(Float64Array.of(0.1, 0.9), Uint8Array.of(1, 0));
    expect(Array.from(wrong.y)).toEqual([0.5, 0.5]);
    const lines = linesOf([{ x: Float64Array.of(0.25, 0.75), y: Float64Array.of(0.1, 0.3) }]);
    expect([0, 0.25, 0.5, 0.75, 1].map((score) => heightAt(lines, 0, score))).toEqual([
      0.1, 0.1, 0.2, 0.3, 0.3,
    ]);
  });

  test('no rows are refused', () => {
    expect(() => fitIsotonic(new Float64Array(), new Uint8Array())).toThrow(/no scores/);
    const none = { classes: 2, probabilities: new Float64Array(), y: [] };
    expect(() => fitCalibrator('sigmoid', none)).toThrow(/no rows/);
  });
});

test('where no class is left a probability, all are equally likely', () => {
  const three = { classes: 3, probabilities: new Float64Array(18), y: [0, 1, 2, 0, 1, 2] };
  // What is likely never comes, and what is unlikely always does: in the order that cannot be, all is level.
  three.probabilities.set([0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0, 0, 0.6, 0.6, 0.6, 0, 0.6, 0.6, 0.6, 0]);
  const level = calibrate(fitCalibrator('isotonic', three), Float64Array.of(0.2, 0.3, 0.5), 3);
  expect(Array.from(level)).toEqual(new Array(3).fill(Math.fround(1 / 3)));
  const lines = linesOf([0, 1, 2].map(() => ({ x: Float64Array.of(0.5, 1), y: Float64Array.of(0, 1) })));
  const none = calibrate({ method: 'isotonic', ...lines }, Float64Array.of(0.4, 0.3, 0.3), 3);
  expect(Array.from(none)).toEqual(new Array(3).fill(Math.fround(1 / 3)));
});

test.each(['sigmoid', 'isotonic'] as const)('by %s, a forest that is too sure is so no more', (method) => {
  const train = noisy.train.filter((row) => row % 2 === 0);
  const test = noisy.train.filter((row) => row % 2 === 1);
  const half = { ...noisy, train };
  const params = { trees: 20 };
  const model = fit('forest', half, params);
  const answering = calibrated(find('forest'), fitCalibrator(method, heldOut(half, 'forest', params)), 2);
  const logLoss = (shares: Float64Array) =>
    test.reduce((sum, row, i) => sum - Math.log(Math.max(1e-6, shares[2 * i + noisy.y[row]])), 0) /
    test.length;
  const before = logLoss(predict('forest', model, noisy, test));
  expect(logLoss(answering.predict(model, noisy.x, noisy.columns, test))).toBeLessThan(before);
});

/** Row i is held out in fold i % 5, as in test/golden/calibration.py. */
function heldOut(problem: Problem, learner = 'naiveBayes', given: object = {}) {
  const folds = Array.from({ length: 5 }, (_, k) => problem.train.filter((row) => row % 5 === k));
  const rows = folds.flatMap((fold) => Array.from(fold));
  const parts = folds.map((test) => {
    const rest = { ...problem, train: withoutFold(problem.train, test) };
    return predict(learner, fit(learner, rest, given), problem, test);
  });
  const { y, weights, classes } = problem;
  return {
    classes,
    probabilities: Float64Array.from(parts.flatMap((part) => Array.from(part))),
    y: rows.map((row) => y[row]),
    weights: weights && Float64Array.from(rows, (row) => weights[row]),
  };
}
