import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { shelf } from '../../learning/learners/shelf.ts';
import type { Fitted, Problem } from '../../learning/types.ts';
import { find, fit, gappy, generate, named, problemFrom } from './learnersData.ts';
import { compile } from './learnersRun.ts';

/**
 * Candidates that share their work have the models, answers and ONNX files that each has alone, to the bit: a search may
 * then fit them together.
 */

const classes = generate(600, 6, 3, 1);
const two = generate(600, 6, 2, 4);
const numbers = generate(600, 6, 1, 2);
const half = (problem: Problem): Problem => ({
  ...problem,
  train: problem.train.filter((row) => row % 2 === 0),
});
const weighted = (problem: Problem): Problem => ({
  ...problem,
  weights: Float64Array.from(problem.y, (_, row) => 1 + (row % 7) / 10),
});
const constant = ({ x, y, columns, classes: count }: Problem): Problem =>
  problemFrom(
    x.map((value, at) => (at % columns === 3 ? 7 : value)),
    y,
    columns,
    count,
  );

/** Which learners have a family, what its members differ in here, and what they have in common. */
const FAMILIES: [learner: string, differ: object[], common: object][] = [
  ['forest', [3, 5, 12].map((trees) => ({ trees })), {}],
  ['forest', [9, 1, 4, 2].map((trees) => ({ trees })), { maxDepth: 3, rowShare: 0.7 }],
  ['forest', [{ trees: 7 }], { minLeaf: 4 }],
  ['extraTrees', [2, 8, 2].map((trees) => ({ trees })), { maxDepth: 4 }],
  ['boosting', [1, 6, 20].map((rounds) => ({ rounds })), {}],
  ['boosting', [9, 3].map((rounds) => ({ rounds })), { rowShare: 0.6, columnShare: 0.5 }],
  ['boosting', [40, 2, 60, 5].map((rounds) => ({ rounds })), { patience: 3, learningRate: 0.4, leaves: 15 }],
  ['neighbors', [5, 1, 40].flatMap((k) => ['uniform', 'distance'].map((weights) => ({ k, weights }))), {}],
  ['naiveBayes', [1e-9, 1, 1e-3, 50].map((smoothing) => ({ smoothing })), {}],
  ['naiveBayes', [1e-9, 1].map((smoothing) => ({ smoothing })), { classWeight: 'balanced' }],
  ['ridge', [10, 0, 1, 1e6].map((l2) => ({ l2 })), {}],
  ['lasso', [0.1, 1, 0.01].map((alpha) => ({ alpha })), {}],
  [
    'elasticNet',
    [0.1, 1].flatMap((alpha) => [0.2, 0.9].map((l1Ratio) => ({ alpha, l1Ratio }))),
    { tolerance: 1e-6 },
  ],
];

test('every family of the shelf is looked at here, by all that its members may differ in', () => {
  for (const { name, family } of shelf.values()) {
    const differ = FAMILIES.filter(([learner]) => learner === name).flatMap(([, members]) => members);
    expect(new Set(differ.flatMap((member) => Object.keys(member))), name).toEqual(new Set(family?.by ?? []));
  }
});

describe.each([
  ['classes', classes],
  ['two classes', two],
  ['half of the rows', half(classes)],
  ['numbers', numbers],
  ['half of the numbers, and a column of one value', half(constant(numbers))],
  ['weighted rows', weighted(classes)],
  ['weighted numbers', weighted(numbers)],
])('of %s', (_, problem) => {
  const families = FAMILIES.filter(([name]) => takes(name, problem));
  test.each(families)('%s %j with %j', (name, differ, common) => {
    expectAlone(name, problem, differ, common);
  });
});

test.each([{}, { patience: 3, learningRate: 0.4 }])('boosting by categories %j', (more) => {
  const rounds = [2, 9, 30].map((n) => ({ rounds: n }));
  const together = expectAlone('boosting', named(two, [49, 49, 0, 0, 0, 0]), rounds, {
    ...{ minCategoryRows: 5, minLeaf: 5 },
    ...more,
  });
  expect(JSON.stringify(together[2])).toContain('"sets"');
});

test.each([
  ['forest', two, {}],
  ['extraTrees', numbers, { maxDepth: 6 }],
  ['forest', classes, { maxDepth: 1, maxFeatures: 0.2 }],
] as const)('%s by categories', (name, sized, more) => {
  const trees = [1, 2, 4, 9].map((n) => ({ trees: n }));
  const together = expectAlone(name, named(sized, [49, 49, 0, 0, 0, 0]), trees, more);
  expect(JSON.stringify(together[3])).toContain('"sets"');
});

test('naive Bayes with categories and gaps', () => {
  const smoothings = [1e-9, 1, 1e-3].map((smoothing) => ({ smoothing }));
  const together = expectAlone('naiveBayes', named(gappy(two), [49, 49, 0, 0, 0, 0]), smoothings, {});
  expect(JSON.stringify(together[0])).toContain('"categories"');
});

test('rounds that patience cut back are not taken for those of a fit that ends before', () => {
  const rounds = Array.from({ length: 40 }, (_, i) => ({ rounds: i + 1 }));
  const together = expectAlone('boosting', classes, rounds, { patience: 5, learningRate: 0.3, leaves: 7 });
  const kept = together.map((model) => ('rounds' in model ? model.rounds : NaN));
  expect(new Set(kept).size, 'some of them end by their own least loss').toBeGreaterThan(3);
});

test('a smaller forest holds no more memory than it has leaves', () => {
  const { params, family } = find('forest');
  const [small, large] = family?.fit(
    classes,
    [2, 200].map((trees) => params.parse({ trees })),
    1,
  ) as { ensemble: { values: Int32Array } }[];
  expect(small.ensemble.values.buffer.byteLength).toBe(small.ensemble.values.byteLength);
  expect(large.ensemble.values.length).toBeGreaterThan(50 * small.ensemble.values.length);
});

/** @returns the models */
function expectAlone(name: string, problem: Problem, differ: readonly object[], common: object): Fitted[] {
  const learner = find(name);
  const { family } = learner;
  if (!family) throw new Error(`${name} has no family.`);
  const { x, columns } = problem;
  const members = differ.map((own) => learner.params.parse({ ...common, ...own }));
  const together = family.fit(problem, members, 11);
  const answers = family.predict?.(together, x, columns);
  const some = Int32Array.of(5, 17, 200);
  const answersOfSome = family.predict?.(together, x, columns, some);
  expect(together).toHaveLength(members.length);
  members.forEach((params, i) => {
    const alone = fit(name, problem, params, 11);
    expect(isDeepStrictEqual(together[i], alone), JSON.stringify(differ[i])).toBe(true);
    expect(same(compile(name, together[i], columns), compile(name, alone, columns))).toBe(true);
    if (answers) expect(same(answers[i], learner.predict(alone, x, columns))).toBe(true);
    if (answersOfSome) expect(same(answersOfSome[i], learner.predict(alone, x, columns, some))).toBe(true);
  });
  return together;
}

/** Byte by byte: `toEqual` takes seconds for long arrays. */
function same(a: Uint8Array | Float64Array, b: Uint8Array | Float64Array): boolean {
  const bytes = (array: typeof a) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return a.length > 0 && bytes(a).equals(bytes(b));
}

function takes(name: string, { task, weights }: Problem): boolean {
  const { tasks, weighs } = find(name);
  return tasks.includes(task) && (weights === undefined || weighs === true);
}
