import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ElasticNetModel } from '../../learning/learners/linear/fitElasticNet.ts';
import type { LinearSvmModel } from '../../learning/learners/linearSvm.ts';
import type { LogisticModel } from '../../learning/learners/logistic.ts';
import type { NaiveBayesModel } from '../../learning/learners/naiveBayes/model.ts';
import type { RidgeModel } from '../../learning/learners/ridge.ts';
import { fitSigmoid } from '../../learning/learners/svm/platt.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, gappy, load, predict, scaled, weighed } from './learnersData.ts';

/**
 * With weights of rows and classes, with missing values and with monotone constraints learners give what their peers
 * give: linear models to the digits of their coefficients, shallow trees on columns of few values answer by answer.
 */

interface Line {
  classWeight: 'balanced' | Record<string, number> | null;
  weights: boolean;
  coef: number[];
  intercept: number;
}
/** By row; null where ties make the peer's answer one of several. */
type Answers = (number[] | number | null)[];

const golden = JSON.parse(readFileSync(new URL('../golden/learnersTrees.json', import.meta.url), 'utf8')) as {
  logistic: (Line & { l1: number; l2: number })[];
  ridge: Pick<Line, 'coef' | 'intercept'>;
  elasticNet: Pick<Line, 'coef' | 'intercept'>;
  naiveBayes: { means: number[][]; variances: number[][]; priors: number[] };
  linearSvm: (Line & { loss: string })[];
  sigmoid: { slope: number; offset: number };
  tree: Record<string, Answers>;
  boosting: Record<string, Answers>;
};

const cancer = load('cancer');
const digits = load('digits');
const friedman = load('friedman');
const standard = scaled(cancer);
const rowsOf = (problem: Problem, byWeight: boolean) => (byWeight ? weighed(problem) : problem);

test.each(golden.logistic)(
  'logistic, l1 = $l1, l2 = $l2, classWeight = $classWeight, weights = $weights',
  ({ l1, l2, classWeight, weights, coef, intercept }) => {
    const model = fit('logistic', rowsOf(standard, weights), { l1, l2, classWeight }) as LogisticModel;
    coef.forEach((weight, f) => expect(Math.abs(model.weights[2 * f + 1] - weight)).toBeLessThan(2e-5));
    expect(Math.abs(model.intercepts[1] - intercept)).toBeLessThan(2e-5);
  },
);

test('ridge and elastic net, by weights', () => {
  const ridge = fit('ridge', weighed(friedman), { l2: 5 }) as RidgeModel;
  golden.ridge.coef.forEach((weight, f) => expect(ridge.weights[f]).toBeCloseTo(weight, 10));
  expect(ridge.intercept).toBeCloseTo(golden.ridge.intercept, 9);
  const net = fit('elasticNet', weighed(friedman), { alpha: 0.1, l1Ratio: 0.5 }) as ElasticNetModel;
  golden.elasticNet.coef.forEach((weight, f) => expect(net.weights[f]).toBeCloseTo(weight, 5));
  expect(net.intercept).toBeCloseTo(golden.elasticNet.intercept, 5);
});

test('naive Bayes, by weights', () => {
  const { means, variances, priors } = golden.naiveBayes;
  const model = fit('naiveBayes', weighed(cancer)) as NaiveBayesModel;
  means.flat().forEach((mean, i) => expect(model.means[i] / mean).toBeCloseTo(1, 10));
  variances.flat().forEach((variance, i) => expect(-0.5 / model.slopes[i] / variance).toBeCloseTo(1, 8));
  priors.forEach((prior, k) => {
    const logs = variances[k].reduce((sum, variance) => sum + Math.log(2 * Math.PI * variance), 0);
    expect(model.offsets[k]).toBeCloseTo(Math.log(prior) - logs / 2, 6);
  });
});

test.each(golden.linearSvm)(
  'linear support vector machine, $loss, classWeight = $classWeight, weights = $weights',
  ({ loss, classWeight, weights, coef, intercept }) => {
    const params = { loss, l2: 10, classWeight, tolerance: 1e-10, maxIterations: 100_000 };
    const model = fit('linearSvm', rowsOf(standard, weights), params) as LinearSvmModel;
    coef.forEach((weight, f) => expect(Math.abs(model.weights[f] - weight)).toBeLessThan(1e-4));
    expect(Math.abs(model.intercepts[0] - intercept)).toBeLessThan(1e-4);
  },
);

test("Platt's sigmoid, by weights", () => {
  const scores = Float64Array.from(standard.y, (_, row) => standard.x[row * standard.columns]);
  const { slope, offset } = fitSigmoid(scores, Uint8Array.from(standard.y), weighed(standard).weights);
  expect(slope).toBeCloseTo(golden.sigmoid.slope, 4);
  expect(offset).toBeCloseTo(golden.sigmoid.offset, 4);
});

const numbers: Problem = { ...digits, task: 'regression', classes: 1 };

describe('a tree answers as that of scikit-learn', () => {
  test.each([
    ['weights', weighed(digits), {}],
    ['balanced', digits, { classWeight: 'balanced' }],
    ['balancedRows', weighed(digits), { classWeight: 'balanced' }],
    ['byClass', digits, { classWeight: { 3: 10, 8: 0.25 } }],
    ['gaps', gappy(digits), {}],
    ['gapsAndWeights', gappy(weighed(digits)), {}],
    ['numbersByWeights', weighed(numbers), {}],
    ['numbersWithGaps', gappy(numbers), {}],
    ['numbersBoth', gappy(weighed(numbers)), {}],
  ] as const)('%s', (name, problem, params) => {
    compare('tree', problem, { maxDepth: 5, minLeaf: 3, ...params }, golden.tree[name], 1e-6);
  });
});

const two: Problem = { ...digits, task: 'binary', classes: 2, y: digits.y.map((digit) => Number(digit > 4)) };
/** As in test/golden/learnersTrees.py: every third column rises, every third falls. */
const monotone: Record<string, string> = {};
for (let f = 0; f < digits.columns; f++) if (f % 3 < 2) monotone[f] = ['increasing', 'decreasing'][f % 3];
const few = { rounds: 4, leaves: 4 };
const oneTree = { monotone, rounds: 1, leaves: 8, learningRate: 1 };

describe('boosting answers as LightGBM', () => {
  test.each([
    ['weights', weighed(numbers), {}],
    ['gaps', gappy(numbers), {}],
    ['gapsAndWeights', gappy(weighed(numbers)), {}],
    ['monotone', numbers, oneTree],
    ['all', gappy(weighed(numbers)), oneTree],
    ['two', two, { classWeight: 'balanced', ...few }],
    ['twoByClass', gappy(two), { classWeight: { 0: 5 }, ...oneTree, ...few }],
    ['ten', gappy(weighed(digits)), { classWeight: 'balanced', ...few }],
  ] as const)('%s', (name, problem, params) => {
    const common = { rounds: 10, leaves: 15, l2: 2, minLeaf: problem.weights ? 1 : 20 };
    compare('boosting', problem, { ...common, ...params }, golden.boosting[name], 1e-4);
  });
});

/** Every ninth row; of two classes the second one's probability. */
function compare(name: string, problem: Problem, params: object, expected: Answers, tolerance: number): void {
  const rows = problem.train.filter((row) => row % 9 === 0);
  const own = predict(name, fit(name, problem, params), problem, rows);
  const { classes } = problem;
  expect(rows.length).toBe(expected.length);
  const distances = expected.flatMap((answer, i) => {
    if (answer === null) return [];
    const ours = own.subarray(i * classes, (i + 1) * classes);
    if (Array.isArray(answer)) return answer.map((value, k) => Math.abs(ours[k] - value));
    return [Math.abs(ours[classes - 1] - answer)];
  });
  expect(distances.length).toBeGreaterThan(0.9 * rows.length);
  expect(Math.max(...distances)).toBeLessThan(tolerance);
}
