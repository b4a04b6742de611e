import { describe, expect, test } from 'vitest';
import { argmax } from '../../learning/metrics/argmax.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, gappy, generate, load, predict, scaled, weighed } from './learnersData.ts';
import { answer, compile, expectBoostingAnswers, worstOf } from './learnersRun.ts';

/**
 * ONNX Runtime answers as the learner does. Trees to the bit, on rows that lie on the cuts themselves; linear models
 * to the last digits of a float32, since their float64 sums may be taken in another order.
 */

const cancer = load('cancer');
const digits = load('digits');
const friedman = load('friedman');
const small = (problem: Problem, rows: number): Problem => ({
  ...problem,
  train: problem.train.slice(0, rows),
});

describe('trees answer to the bit', () => {
  test.each([
    ['forest', 'two classes', cancer, {}],
    ['forest', 'three classes', generate(700, 5, 3, 1), { trees: 37 }],
    ['forest', 'ten classes, 1,000 shallow trees', digits, { trees: 1000, maxDepth: 3 }],
    ['forest', 'one tree', digits, { trees: 1 }],
    ['forest', 'numbers', friedman, { trees: 100 }],
    ['forest', 'numbers, 1,000 shallow trees', friedman, { trees: 1000, maxDepth: 3 }],
    ['extraTrees', 'three classes', generate(700, 5, 3, 1), { trees: 37 }],
    ['extraTrees', 'numbers', friedman, { trees: 50 }],
    ['tree', 'classes', digits, {}],
    ['tree', 'numbers', friedman, {}],
    ['tree', 'large numbers', shifted(friedman, 1e7, 1e-3), { minLeaf: 3 }],
    ['tree', 'a constant', shifted(friedman, 7, 0), {}],
    ['forest', 'three classes with gaps and weights', gappy(weighed(generate(700, 5, 3, 1))), { trees: 37 }],
    ['forest', 'numbers with gaps', gappy(friedman), { trees: 30 }],
    ['extraTrees', 'ten classes with gaps', gappy(digits), { trees: 10 }],
    ['extraTrees', 'numbers with gaps', gappy(friedman), { trees: 10 }],
    ['tree', 'two classes with gaps', gappy(cancer), { classWeight: 'balanced' }],
    ['baselineForest', 'two classes', small(cancer, 60), { trees: 3 }],
    ['baselineForest', 'numbers', small(friedman, 60), { trees: 3 }],
  ] as const)('%s, %s', async (name, _case, problem, params) => {
    const model = fit(name, problem, params);
    const { x, columns } = onTheCuts(problem);
    const own = find(name).predict(model, x, columns);
    const answers = await answer(name, model, x, columns);
    if (problem.task === 'regression') {
      expect(answers.prediction).toEqual(Float32Array.from(own));
      return;
    }
    expect(answers.probabilities).toEqual(Float32Array.from(own));
    expect(answers.labels).toEqual(argmax(own, problem.classes));
  });
});

describe('boosting answers as its scores do, which are exact', () => {
  test.each([
    ['two classes', cancer, {}],
    ['three classes', generate(700, 5, 3, 1), { rowShare: 0.6, columnShare: 0.7 }],
    ['ten classes', digits, { rounds: 20 }],
    ['numbers', friedman, {}],
    ['numbers, 2,000 small steps', friedman, { rounds: 2000, learningRate: 0.01, leaves: 3 }],
    ['large numbers', shifted(friedman, 1e7, 1e-3), {}],
    ['a constant', shifted(friedman, 7, 0), {}],
    ['two classes with gaps', gappy(cancer), { classWeight: 'balanced' }],
    ['three classes with gaps and weights', gappy(weighed(generate(700, 5, 3, 1))), { rowShare: 0.6 }],
    ['numbers with gaps', gappy(friedman), { monotone: { 3: 'increasing', 1: 'decreasing' } }],
    ['early stopping', generate(700, 5, 2, 1), { patience: 5 }],
  ] as const)('%s', async (_case, problem, params) => {
    const model = fit('boosting', problem, params);
    await expectBoostingAnswers(model, problem, onTheCuts(problem).x);
  });
});

describe('neighbours vote to the bit, on rows as far from each other as from none', () => {
  test.each([
    ['two classes, features as they are', cancer, {}],
    ['two classes, by distance', cancer, { k: 12, weights: 'distance' }],
    ['ten classes, ties of distances and votes', digits, { k: 4 }],
    ['ten classes, by distance', digits, { k: 7, weights: 'distance' }],
    ['rows that repeat each other', generate(700, 3, 3, 1, 4), { k: 6, weights: 'distance' }],
    ['one feature', generate(300, 2, 2, 1), { k: 1 }],
    ['features of very different size', stretched(generate(500, 5, 3, 1)), { k: 9, weights: 'distance' }],
    ['numbers', friedman, {}],
    ['numbers, by distance', friedman, { k: 30, weights: 'distance' }],
    ['large numbers', shifted(friedman, 1e7, 1e-3), { k: 3 }],
  ] as const)('%s', async (_case, problem, params) => {
    const model = fit('neighbors', problem, params);
    const { x, columns } = onTheCuts(problem);
    // The last rows are where nobody learned anything, and in part beyond what is counted.
    for (let i = 1; i <= 20 * columns; i++) x[x.length - i] *= 10 ** (i % 28);
    const own = find('neighbors').predict(model, x, columns);
    const answers = await answer('neighbors', model, x, columns);
    if (problem.task === 'regression') {
      expect(worstOf(own, answers.prediction)).toBeLessThan(1.2e-7);
      return;
    }
    expect(answers.probabilities).toEqual(Float32Array.from(own));
    expect(answers.labels).toEqual(argmax(own, problem.classes));
  });
});

describe('linear models, support vector machines and naive Bayes answer to 1e-6', () => {
  test.each([
    ['logistic', 'two classes', cancer, {}],
    ['logistic', 'ten classes', digits, { l2: 10 }],
    ['logistic', 'two classes, sparse', cancer, { l1: 1, l2: 0 }],
    ['logistic', 'three classes, elastic net', generate(700, 5, 3, 1), { l1: 3, l2: 2 }],
    ['linearSvm', 'two classes', scaled(cancer), {}],
    ['linearSvm', 'two classes, features as they are', cancer, { maxIterations: 20 }],
    ['linearSvm', 'ten classes', scaled(digits), { l2: 10, loss: 'hinge', tolerance: 1e-3 }],
    ['naiveBayes', 'two classes', cancer, {}],
    ['naiveBayes', 'ten classes', digits, { smoothing: 1e-3 }],
    ['ridge', 'numbers', friedman, {}],
    ['lasso', 'numbers', friedman, { alpha: 0.1 }],
    ['elasticNet', 'numbers', friedman, { alpha: 0.1, l1Ratio: 0.3 }],
  ] as const)('%s, %s', async (name, _case, problem, params) => {
    const model = fit(name, problem, params);
    const own = predict(name, model, problem);
    const answers = await answer(name, model, problem.x, problem.columns);
    expect(worstOf(own, answers.prediction ?? answers.probabilities)).toBeLessThan(1e-6);
    if (answers.labels) expect(answers.labels).toEqual(argmax(own, problem.classes));
  });
});

test('equal probabilities give the lowest class in both', async () => {
  // Nothing to cut by, and as many rows of each class.
  const y = Float64Array.from({ length: 90 }, (_, i) => i % 3);
  const problem = { ...generate(90, 2, 3, 1), y };
  problem.x.fill(1);
  const flat = {
    ...problem,
    binned: { ...problem.binned, bins: new Uint8Array(180), edges: [new Float32Array(), new Float32Array()] },
  };
  for (const name of ['tree', 'logistic']) {
    const answers = await answer(name, fit(name, flat), flat.x, 2);
    expect(new Set(answers.labels)).toEqual(new Set([0]));
    expect(new Set(argmax(predict(name, fit(name, flat), flat), 3))).toEqual(new Set([0]));
  }
});

test.each([
  ['forest', cancer, { trees: 5 }],
  ['logistic', cancer, { l1: 1, l2: 0 }],
  ['linearSvm', digits, { l2: 100, maxIterations: 20 }],
  ['neighbors', digits, {}],
  ['elasticNet', friedman, { alpha: 0.1 }],
] as const)('%s, fitted twice, gives the same bytes', (name, problem, params) => {
  const bytes = () => compile(name, fit(name, problem, params), problem.columns);
  expect(Buffer.compare(bytes(), bytes())).toBe(0);
});

/** The problem's rows, and 500 whose values are edges of the bins and their neighbours in float32. */
function onTheCuts({ x, columns, binned }: Problem): { x: Float32Array; columns: number } {
  const extra = new Float32Array(500 * columns);
  const bits = new Int32Array(extra.buffer);
  for (let i = 0; i < extra.length; i++) {
    const edges = binned.edges[i % columns];
    if (edges.length === 0) continue;
    extra[i] = edges[(i * 7919) % edges.length];
    if (extra[i] > 0) bits[i] += (i % 3) - 1;
  }
  if (binned.gaps) for (let i = 0; i < extra.length; i += 7) extra[i] = NaN;
  const all = new Float32Array(x.length + extra.length);
  all.set(x);
  all.set(extra, x.length);
  return { x: all, columns };
}

/** Column c times 1000^(c - 2): from millionths up to a million. */
function stretched(problem: Problem): Problem {
  const { columns } = problem;
  return { ...problem, x: problem.x.map((value, i) => value * 1000 ** ((i % columns) - 2)) };
}

function shifted(problem: Problem, by: number, scale: number): Problem {
  return { ...problem, y: problem.y.map((value) => by + scale * value) };
}
