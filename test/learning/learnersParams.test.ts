import { describe, expect, test } from 'vitest';
import * as define from '../../config/define.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import type { RidgeModel } from '../../learning/learners/ridge.ts';
import { find, fit, generate, load, problemFrom } from './learnersData.ts';

/** Hyperparameters are named, ranged and defaulted; what cannot be learned is refused with a reason. */

test('the shelf holds the learners that a definition can be written with', () => {
  const names = [
    'forest',
    'extraTrees',
    'boosting',
    'tree',
    'logistic',
    'linearSvm',
    'naiveBayes',
    'neighbors',
    'ridge',
    'lasso',
    'elasticNet',
    'baselineForest',
  ] as const;
  expect([...shelf.keys()]).toEqual(names);
  for (const name of names) expect(define[name]().learner).toBe(name);
});

test('every default is made explicit', () => {
  const defaults = Object.fromEntries([...shelf].map(([name, learner]) => [name, learner.params.parse({})]));
  expect(defaults).toEqual({
    forest: { trees: 100, maxDepth: null, minLeaf: 1, maxFeatures: 'auto', rowShare: 1 },
    extraTrees: { trees: 100, maxDepth: null, minLeaf: 1, maxFeatures: 'auto' },
    boosting: {
      rounds: 100,
      learningRate: 0.1,
      leaves: 31,
      maxDepth: null,
      minLeaf: 20,
      minChildWeight: 1e-3,
      l2: 0,
      rowShare: 1,
      columnShare: 1,
      loss: 'squared',
      quantile: 0.5,
      patience: null,
      validationShare: 0.1,
    },
    tree: { maxDepth: null, minLeaf: 1, maxFeatures: 'all' },
    logistic: { l1: 0, l2: 1, maxIterations: 500, tolerance: 1e-8 },
    linearSvm: { loss: 'squaredHinge', l2: 1, maxIterations: 10_000, tolerance: 1e-4 },
    naiveBayes: { smoothing: 1e-9 },
    neighbors: { k: 5, weights: 'uniform' },
    ridge: { l2: 1 },
    lasso: { alpha: 1, maxIterations: 10_000, tolerance: 1e-10 },
    elasticNet: { alpha: 1, l1Ratio: 0.5, maxIterations: 10_000, tolerance: 1e-10 },
    baselineForest: { trees: 20, maxFeatures: 1, maxDepth: null },
  });
});

describe('a value out of range is refused', () => {
  test.each([
    ['forest', { trees: 0 }],
    ['forest', { trees: 1001 }],
    ['forest', { trees: 1.5 }],
    ['forest', { maxDepth: 65 }],
    ['forest', { minLeaf: 0 }],
    ['forest', { maxFeatures: 0 }],
    ['forest', { maxFeatures: 2 }],
    ['forest', { maxFeatures: 'half' }],
    ['forest', { rowShare: 0 }],
    ['forest', { depth: 3 }],
    ['extraTrees', { rowShare: 0.5 }],
    ['naiveBayes', { smoothing: 0 }],
    ['linearSvm', { l2: 0 }],
    ['linearSvm', { loss: 'log' }],
    ['linearSvm', { c: 1 }],
    ['neighbors', { k: 0 }],
    ['neighbors', { k: 1001 }],
    ['neighbors', { weights: 'squared' }],
    ['boosting', { leaves: 1 }],
    ['boosting', { learningRate: 0 }],
    ['boosting', { loss: 'hinge' }],
    ['boosting', { patience: 0 }],
    ['boosting', { trees: 5 }],
    ['tree', { trees: 3 }],
    ['logistic', { l2: -1 }],
    ['logistic', { l1: -1 }],
    ['logistic', { penalty: 'l1' }],
    ['logistic', { tolerance: 0 }],
    ['ridge', { l2: Infinity }],
    ['lasso', { alpha: 0 }],
    ['lasso', { l1Ratio: 1 }],
    ['elasticNet', { l1Ratio: 0 }],
    ['elasticNet', { tolerance: 2 }],
    ['baselineForest', { maxFeatures: 'sqrt' }],
  ])('%s %o', (name, params) => {
    expect(find(name).params.safeParse(params).success).toBe(false);
  });

  test('with a message that says what would be right', () => {
    const message = (params: object) => find('forest').params.safeParse(params).error?.issues[0].message;
    expect(message({ maxFeatures: 'half' })).toContain("'sqrt'");
    expect(message({ maxDepth: 'deep' })).toContain('null');
  });
});

test('the baseline refuses data that it would take minutes for', () => {
  const baseline = find('baselineForest');
  const shape = { task: 'binary', columns: 10, classes: 2 } as const;
  expect(baseline.refuses?.({ ...shape, rows: 2001 }, baseline.params.parse({}))).toMatch(/quadratic.*2001/);
  expect(baseline.refuses?.({ ...shape, rows: 2000 }, baseline.params.parse({ trees: 2 }))).toBeUndefined();
  expect(baseline.refuses?.({ ...shape, rows: 2000 }, baseline.params.parse({ trees: 500 }))).toMatch(
    /800 s a fit/,
  );
});

test('nobody learns from no rows', () => {
  const problem = { ...generate(10, 2, 2, 1), train: new Int32Array() };
  for (const name of [
    'forest',
    'extraTrees',
    'boosting',
    'tree',
    'logistic',
    'naiveBayes',
    'neighbors',
    'linearSvm',
    'baselineForest',
  ])
    expect(() => fit(name, problem)).toThrow(/no rows/);
  const numbers = { ...generate(10, 2, 1, 1), train: new Int32Array() };
  for (const name of ['ridge', 'lasso', 'elasticNet']) expect(() => fit(name, numbers)).toThrow(/no rows/);
});

test('ridge answers where columns repeat each other and nothing is penalised', () => {
  const x = Float32Array.from({ length: 60 }, (_, i) => Math.floor(i / 2) % 7);
  const problem = problemFrom(
    x,
    Float64Array.from({ length: 30 }, (_, row) => 3 + 2 * x[2 * row]),
    2,
    1,
  );
  const model = fit('ridge', problem, { l2: 0 }) as RidgeModel;
  expect(model.jitter).toBeGreaterThan(0);
  expect(model.weights[0]).toBeCloseTo(1, 6);
  expect(model.weights[1]).toBeCloseTo(1, 6);
  expect(model.intercept).toBeCloseTo(3, 6);
});

test('logistic says when it stopped before the end', () => {
  const model = fit('logistic', load('digits'), { maxIterations: 3 }) as {
    converged: boolean;
    iterations: number;
    gradientNorm: number;
  };
  expect(model).toMatchObject({ converged: false, iterations: 3 });
  expect(model.gradientNorm).toBeGreaterThan(1e-8);
});

test('a constant column and a class without rows are no obstacle', () => {
  const problem = generate(100, 3, 2, 1);
  for (let row = 0; row < 100; row++) problem.x[row * 3] = 0.1;
  const three = { ...problem, classes: 3, task: 'multiclass' as const };
  for (const name of [
    'logistic',
    'tree',
    'forest',
    'extraTrees',
    'boosting',
    'naiveBayes',
    'neighbors',
    'linearSvm',
  ]) {
    const model = fit(name, { ...three, binned: problemFrom(problem.x, problem.y, 3, 2).binned });
    const shares = find(name).predict(model, problem.x, 3);
    expect(shares.length).toBe(300);
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  }
});
