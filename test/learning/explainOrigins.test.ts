import { expect, test } from 'vitest';
import { withSession } from '../../compute/session.ts';
import type { FittedBlock, FittedEncoders } from '../../learning/encoders/fitted.ts';
import { NotExplained } from '../../learning/explain/notExplained.ts';
import { originsOf } from '../../learning/explain/origins.ts';
import { readModel } from '../../learning/explain/readModel.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { readGraph } from '../../learning/onnx/read.ts';
import { batchOf, numbers, strings, times } from './encodersRun.ts';
import { find, fit, generate } from './learnersData.ts';

/** Which raw column a feature comes from is read off the graph, for every encoder. */

const blocks: [FittedBlock, string[]][] = [
  [{ kind: 'passthrough', columns: ['a', 'b'], fill: [0, 1] }, ['a', 'b']],
  [{ kind: 'standardize', columns: ['b'], fill: [0], mean: [1], std: [2] }, ['b']],
  [{ kind: 'minMax', columns: ['a', 'b'], fill: [0, 0], min: [0, 0], range: [1, 0] }, ['a', 'b']],
  [{ kind: 'log', columns: ['b', 'a'], fill: [1, 1], offset: 1 }, ['b', 'a']],
  [{ kind: 'log', columns: ['a'], fill: [1], offset: 1, scale: { mean: [0], std: [1] } }, ['a']],
  [{ kind: 'bucket', column: 'a', fill: 0, edges: [1, 2, 3] }, ['a']],
  [{ kind: 'cyclic', columns: ['at', 'at2'], part: 'month', fill: [null, null] }, ['at', 'at', 'at2', 'at2']],
  [{ kind: 'oneHot', column: 's', text: true, categories: ['x', 'y', 'z'], fill: null }, ['s', 's', 's']],
  [{ kind: 'oneHot', column: 'a', text: false, categories: [1, 2], fill: 3 }, ['a', 'a']],
  [{ kind: 'ordinal', column: 's', text: true, categories: ['x', 'y'], fill: null }, ['s']],
  [{ kind: 'ordinal', column: 'b', text: false, categories: [1, 2, 5], fill: null }, ['b']],
  [
    { kind: 'frequency', column: 's', text: true, categories: ['x', 'y'], fill: 'x', shares: [0.5, 0.2] },
    ['s'],
  ],
  [{ kind: 'frequency', column: 'b', text: false, categories: [1], fill: null, shares: [0.5] }, ['b']],
  [{ kind: 'category', column: 's', text: true, categories: ['x', 'y'], fill: 'x' }, ['s']],
  [{ kind: 'category', column: 'a', text: false, categories: [1, 3], fill: null }, ['a']],
];

const origins = blocks.flatMap(([, columns]) => columns);
const encoders: FittedEncoders = {
  inputs: [
    { name: 'a', columnType: 'number' },
    { name: 'b', columnType: 'number' },
    { name: 'at', columnType: 'timestamp' },
    { name: 'at2', columnType: 'timestamp' },
    { name: 's', columnType: 'string' },
  ],
  blocks: blocks.map(([block]) => block),
  features: origins.map((column, i) => `${column} ${i}`),
  dropped: [],
};
const batch = batchOf({
  a: numbers(1, NaN, 3),
  b: numbers(2, 5, NaN),
  at: times(0, 1e12, NaN),
  at2: times(5e11, NaN, 1),
  s: strings('x', '', 'w'),
});

test('of all encoders beside each other, behind a model', async () => {
  const problem = generate(60, origins.length, 2, 3);
  const model = assembleModel(encoders, find('forest'), fit('forest', problem, { trees: 3 }), {
    task: 'binary',
    classes: '[0,1]',
  });
  const read = readModel(model, 'binary');
  expect(read.origins).toEqual(origins);
  const expected = await withSession(assembleEncoders(encoders), (session) => session.encode(batch));
  expect(await withSession(read.encoders, (session) => session.encode(batch))).toEqual(expected);
});

test.each(blocks)('of %o alone', (block, columns) => {
  const alone = { ...encoders, blocks: [block], features: columns };
  expect(originsOf(readGraph(assembleEncoders(alone)), 'features')).toEqual(columns);
});

test('a feature of two columns has none, and says so', () => {
  const graph = createGraphBuilder();
  const [sum] = graph.node('Add', [graph.input('a', 'double'), graph.input('b', 'double')]);
  graph.output('features', sum, 'double', ['N', 1]);
  const file = readGraph(graph.build({}));
  expect(() => originsOf(file, 'features')).toThrow(NotExplained);
  expect(() => originsOf(file, 'features')).toThrow(/made of 2 columns \(by Add\)/);
});

test.each([
  ['neighbors', 2, /goes through|multiplies/],
  ['naiveBayes', 2, /reads 2 tables of features/],
] as const)('%s are no sums, which is said', (learner, classes, why) => {
  const problem = generate(40, 2, classes, 3);
  const fitted: FittedEncoders = {
    inputs: encoders.inputs.slice(0, 2),
    blocks: [blocks[0][0]],
    features: ['a', 'b'],
    dropped: [],
  };
  const bytes = assembleModel(fitted, find(learner), fit(learner, problem), {
    task: 'binary',
    classes: '[0,1]',
  });
  expect(() => readModel(bytes, 'binary')).toThrow(NotExplained);
  expect(() => readModel(bytes, 'binary')).toThrow(why);
});
