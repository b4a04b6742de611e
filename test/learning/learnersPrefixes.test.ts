import { describe, expect, test } from 'vitest';
import type { Problem } from '../../learning/types.ts';
import { find, fit, generate, named } from './learnersData.ts';

/** One fit of several sizes gives each of them as a fit of its own does, to the bit: a search may then fit the largest only. */

const classes = generate(600, 6, 3, 1);
const two = generate(600, 6, 2, 4);
const numbers = generate(600, 6, 1, 2);
const half = (problem: Problem): Problem => ({
  ...problem,
  train: problem.train.filter((row) => row % 2 === 0),
});
const weighted: Problem = {
  ...classes,
  weights: Float64Array.from(classes.y, (_, row) => 1 + (row % 7) / 10),
};

describe.each([
  ['classes', classes],
  ['two classes', two],
  ['half of the rows', half(classes)],
  ['numbers', numbers],
  ['weighted rows', weighted],
])('of %s', (_, problem) => {
  test.each([
    ['forest', 'trees', [3, 5, 12], {}],
    ['forest', 'trees', [1, 2, 4, 9], { maxDepth: 3, rowShare: 0.7 }],
    ['forest', 'trees', [7], { minLeaf: 4 }],
    ['extraTrees', 'trees', [2, 8], { maxDepth: 4 }],
    ['boosting', 'rounds', [1, 6, 20], {}],
    ['boosting', 'rounds', [3, 9], { rowShare: 0.6, columnShare: 0.5 }],
    ['boosting', 'rounds', [2, 5, 40, 60], { patience: 3, learningRate: 0.4, leaves: 15 }],
  ])('%s with %s %j %j', (name, of, sizes, more) => {
    const learner = find(name);
    const paramsOf = (size: number) => learner.params.parse({ ...more, [of]: size });
    const together = learner.prefixes?.fit(problem, paramsOf(sizes[sizes.length - 1]), 11, sizes);
    expect(learner.prefixes?.of).toBe(of);
    expect(together).toHaveLength(sizes.length);
    sizes.forEach((size, i) => expect(together?.[i]).toEqual(fit(name, problem, paramsOf(size), 11)));
  });
});

test.each([{}, { patience: 3, learningRate: 0.4 }])('boosting by categories %j', (more) => {
  const problem = named(two, [49, 49, 0, 0, 0, 0]);
  const { params, prefixes } = find('boosting');
  const of = (rounds: number) => params.parse({ minCategoryRows: 5, minLeaf: 5, ...more, rounds });
  const together = prefixes?.fit(problem, of(30), 11, [2, 9, 30]) ?? [];
  expect(JSON.stringify(together[2])).toContain('"sets"');
  [2, 9, 30].forEach((size, i) => expect(together[i]).toEqual(fit('boosting', problem, of(size), 11)));
});

test.each([
  ['forest', two, {}],
  ['extraTrees', numbers, { maxDepth: 6 }],
  ['forest', classes, { maxDepth: 1, maxFeatures: 0.2 }],
] as const)('%s by categories', (name, sized, more) => {
  const problem = named(sized, [49, 49, 0, 0, 0, 0]);
  const { params, prefixes } = find(name);
  const of = (trees: number) => params.parse({ ...more, trees });
  const together = prefixes?.fit(problem, of(9), 11, [1, 2, 4, 9]) ?? [];
  expect(JSON.stringify(together[3])).toContain('"sets"');
  [1, 2, 4, 9].forEach((size, i) => expect(together[i]).toEqual(fit(name, problem, of(size), 11)));
});

test('rounds that patience cut back are not taken for those of a fit that ends before', () => {
  const { params, prefixes } = find('boosting');
  const of = (rounds: number) => params.parse({ rounds, patience: 5, learningRate: 0.3, leaves: 7 });
  const sizes = Array.from({ length: 40 }, (_, i) => i + 1);
  const together = prefixes?.fit(classes, of(40), 3, sizes) ?? [];
  const kept = together.map((model) => ('rounds' in model ? model.rounds : NaN));
  expect(new Set(kept).size, 'some of them end by their own least loss').toBeGreaterThan(3);
  sizes.forEach((size, i) => expect(together[i]).toEqual(fit('boosting', classes, of(size), 3)));
});
