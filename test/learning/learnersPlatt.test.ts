import { expect, test } from 'vitest';
import { fitSigmoid } from '../../learning/learners/svm/platt.ts';
import { dealFolds } from '../../learning/learners/svm/dealFolds.ts';
import { Random } from '../../learning/rng.ts';
import { fit, generate, load, predict, scaled } from './learnersData.ts';

/** Scores become probabilities that come true. */

test('a sigmoid that made the labels is found again', () => {
  const random = new Random(1);
  const scores = Float64Array.from({ length: 200_000 }, () => 8 * random.unit() - 4);
  const belongs = Uint8Array.from(scores, (score) =>
    random.unit() < 1 / (1 + Math.exp(-(1.5 * score - 0.7))) ? 1 : 0,
  );
  const { slope, offset } = fitSigmoid(scores, belongs);
  expect(Math.abs(slope - 1.5)).toBeLessThan(0.05); // some four standard errors
  expect(Math.abs(offset + 0.7)).toBeLessThan(0.05);
});

test('at its optimum the targets of Platt have the mean of the probabilities, also beside their scores', () => {
  const random = new Random(2);
  const scores = Float64Array.from({ length: 500 }, () => random.unit() - 0.5);
  const belongs = Uint8Array.from(scores, (score) => (score + random.unit() / 3 > 0.2 ? 1 : 0));
  const members = belongs.reduce((sum, one) => sum + one, 0);
  const { slope, offset } = fitSigmoid(scores, belongs);
  let mean = 0;
  let beside = 0;
  scores.forEach((score, i) => {
    const target = belongs[i] ? (members + 1) / (members + 2) : 1 / (500 - members + 2);
    const rest = target - 1 / (1 + Math.exp(-(slope * score + offset)));
    mean += rest;
    beside += rest * score;
  });
  expect(Math.abs(mean)).toBeLessThan(1e-7);
  expect(Math.abs(beside)).toBeLessThan(1e-7);
});

test('separable scores, equal scores, one class alone and no rows have an end', () => {
  const scores = Float64Array.of(-2, -1, 1, 2);
  const parted = fitSigmoid(scores, Uint8Array.of(0, 0, 1, 1));
  expect(parted.slope).toBeGreaterThan(0);
  expect(1 / (1 + Math.exp(-(2 * parted.slope + parted.offset)))).toBeLessThan(1);
  const equal = fitSigmoid(new Float64Array(4), Uint8Array.of(0, 0, 1, 1));
  expect(equal.offset).toBeCloseTo(0, 9);
  for (const belongs of [new Uint8Array(4), new Uint8Array(4).fill(1)]) {
    const { slope, offset } = fitSigmoid(scores, belongs);
    expect(Number.isFinite(slope) && Number.isFinite(offset)).toBe(true);
  }
  expect(fitSigmoid(new Float64Array(), new Uint8Array())).toEqual({ slope: 0, offset: 0 });
});

test('folds hold every class evenly, and those that are rarer than folds as they can', () => {
  const problem = generate(103, 3, 3, 1);
  problem.y[5] = 3;
  const foldOf = dealFolds(problem.train, problem.y, 4, 5, 1);
  for (let k = 0; k < 3; k++) {
    const counts = new Int32Array(5);
    problem.train.forEach((row) => (counts[foldOf[row]] += problem.y[row] === k ? 1 : 0));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
});

test('probabilities are no scores: of the rows called 80 % likely about 80 % are right', () => {
  const noisy = scaled(generate(3000, 4, 2, 1));
  const train = noisy.train.filter((row) => row % 2 === 0);
  const rows = noisy.train.filter((row) => row % 2 === 1);
  const own = predict('linearSvm', fit('linearSvm', { ...noisy, train }), noisy, rows);
  // In ten bins of the probability: expected calibration error, some 150 rows a bin.
  const bins = Array.from({ length: 10 }, () => ({ expected: 0, found: 0 }));
  rows.forEach((row, i) => {
    const bin = bins[Math.min(9, Math.floor(10 * own[2 * i + 1]))];
    bin.expected += own[2 * i + 1];
    bin.found += noisy.y[row];
  });
  const error = bins.reduce((sum, { expected, found }) => sum + Math.abs(expected - found), 0) / rows.length;
  expect(error).toBeLessThan(0.05);
});

test('a handful of rows is enough to have an answer', () => {
  const cancer = scaled(load('cancer'));
  for (const rows of [1, 2, 4, 7]) {
    const own = predict(
      'linearSvm',
      fit('linearSvm', { ...cancer, train: cancer.train.slice(0, rows) }),
      cancer,
    );
    expect(own.every((share) => share >= 0 && share <= 1)).toBe(true);
  }
});

test('many equal scores, whose Hessian rounding leaves singular, give the share of the class', () => {
  const scores = new Float64Array(100_000).fill(3);
  const belongs = Uint8Array.from(scores, (_, i) => (i % 4 === 0 ? 1 : 0));
  const { slope, offset } = fitSigmoid(scores, belongs);
  expect(1 / (1 + Math.exp(-(slope * 3 + offset)))).toBeCloseTo(0.25, 3);
});
