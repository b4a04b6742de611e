import { describe, expect, test } from 'vitest';
import { withSession } from '../../compute/session.ts';
import type { BoostingModel } from '../../learning/learners/boosting/model.ts';
import type { TreeModel } from '../../learning/learners/trees/model.ts';
import { addEnsemble } from '../../learning/learners/trees/onnx.ts';
import { sumLeaves } from '../../learning/learners/trees/predictor.ts';
import type { TreeEnsemble } from '../../learning/learners/trees/ensemble.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, gappy, generate, named, weighed } from './learnersData.ts';
import { answer, expectBoostingAnswers } from './learnersRun.ts';

/**
 * ONNX Runtime cuts by sets of categories as the learner does, to the bit: on categories that training had and had not,
 * on none, and on numbers that no encoder gives.
 */

const loose = { minCategoryRows: 5, categorySmoothing: 2, minLeaf: 5 };

test.each([
  ['numbers, 60 categories', categorical(1, 60), loose, 12],
  ['numbers, 255 categories', categorical(1, 255), loose, 20],
  ['numbers, 255 categories, sets of up to 255', categorical(1, 255), { ...loose, leftCategories: 255 }, 40],
  ['numbers, one category against the others', categorical(1, 60), { ...loose, singleCategories: 255 }, 1],
  ['two classes, 60 categories', categorical(2, 60), loose, 12],
  ['two classes, 255 categories', categorical(2, 255), loose, 20],
  ['two classes, weights, gaps beside', weighed(categorical(2, 60, true)), loose, 10],
  ['three classes, 60 categories', categorical(3, 60), { ...loose, rowShare: 0.7 }, 10],
  ['three classes, 255 categories', categorical(3, 255), { ...loose, rounds: 30 }, 20],
  ['three classes of which one occurs', oneClass(categorical(3, 60)), loose, 0],
  ['two classes of which one occurs', oneClass(categorical(2, 255)), loose, 0],
] as const)('%s', async (_case, problem, params, widest) => {
  const model = fit('boosting', problem, params);
  const { ensembles } = model as BoostingModel;
  expect(Math.max(...ensembles.map(widestSet))).toBeGreaterThanOrEqual(widest);
  const { x, columns } = strange(problem);
  for (const ensemble of ensembles)
    expect(await sumsOf(ensemble, x, columns)).toEqual(Float32Array.from(sumLeaves(ensemble, x, columns)));
  await expectBoostingAnswers(model, problem, x);
});

describe('of trees, to the bit', () => {
  test.each([
    ['tree', 'numbers, 255 categories', categorical(1, 255), {}, 40],
    ['tree', 'two classes, 60 categories', categorical(2, 60), { maxDepth: 5 }, 12],
    ['forest', 'numbers, gaps beside', categorical(1, 60, true), { trees: 7, minLeaf: 5 }, 12],
    ['forest', 'two classes, 255 categories', categorical(2, 255), { trees: 7 }, 20],
    ['forest', 'three classes, weights', weighed(categorical(3, 60)), { trees: 7 }, 10],
    ['extraTrees', 'numbers, 60 categories', categorical(1, 60), { trees: 7, minLeaf: 3 }, 12],
    ['extraTrees', 'three classes, 255 categories, gaps beside', categorical(3, 255, true), { trees: 5 }, 20],
    ['forest', 'three classes of which one occurs', oneClass(categorical(3, 60)), { trees: 3 }, 0],
  ] as const)('%s, %s', async (name, _case, problem, params, widest) => {
    const model = fit(name, problem, params) as TreeModel;
    expect(widestSet(model.ensemble)).toBeGreaterThanOrEqual(widest);
    const { x, columns } = strange(problem);
    const own = find(name).predict(model, x, columns);
    const answers = await answer(name, model, x, columns);
    if (problem.task === 'regression') expect(answers.prediction).toEqual(Float32Array.from(own));
    else {
      expect(answers.probabilities).toEqual(Float32Array.from(own));
      expect(answers.labels).toEqual(argmax(own, problem.classes));
    }
  });
});

test.each([
  ['other classes of the same weight', [5, 0], [0, 5]],
  ['numbers that differ in their low part', [5, 7], [5, 9]],
])('two sets in a row have leaves of their own: %s', async (_case, first, second) => {
  const sets = { at: Int32Array.of(0, -1, 8, -1, -1), words: new Int32Array(16) };
  [sets.words[0], sets.words[8]] = [1 << 3, 1 << 7];
  const ensemble: TreeEnsemble = {
    ...{ outputs: 2, roots: Int32Array.of(0), feature: Int32Array.of(0, -1, 0, -1, -1), sets },
    ...{ threshold: new Float32Array(5), next: Int32Array.of(1, 0, 3, 2, 4) },
    values: Int32Array.of(...first, ...second, 1, 1),
  };
  const found = await sumsOf(ensemble, Float32Array.of(3, 7, 1), 1);
  expect([...found]).toEqual([...first, ...second, 1, 1]);
});

/** Two columns of categories whose numbers say nothing and two of sizes; every tenth category is in no row to learn from. */
function categorical(classes: number, categories: number, gaps = false): Problem {
  const sized = generate(3000, 4, classes, categories + classes, categories + 1);
  const order = Int32Array.from({ length: categories }, (_, i) => i + 1);
  new Random(categories).shuffle(order);
  const { columns } = sized;
  const x = sized.x.map((value, i) => (i % columns < 2 && value > 0 ? order[value - 1] : value));
  const torn = gaps ? gappy({ ...sized, x }) : { ...sized, x };
  // Columns of categories have no gaps: none is 0.
  const whole = torn.x.map((value, i) => (i % columns < 2 ? x[i] : value));
  const train = sized.train.filter((row) => x[row * columns] % 10 !== 3);
  const { binned } = torn;
  const own = gaps ? { ...binned, gaps: Uint8Array.of(0, 0, 1, 1) } : binned;
  return named({ ...torn, x: whole, binned: own, train }, [categories, categories, 0, 0]);
}

function oneClass(problem: Problem): Problem {
  return { ...problem, y: problem.y.map(() => 1) };
}

/** The problem's rows, every code from 0 to 260 in both columns, and what is no code. */
function strange({ x, columns }: Problem): { x: Float32Array; columns: number } {
  const codes = [
    ...Array.from({ length: 261 }, (_, code) => code),
    ...[
      NaN,
      -1,
      -0,
      0.5,
      1.5,
      31.999,
      254.5,
      511,
      65_536 + 7,
      2 ** 31,
      2 ** 32 + 5,
      1e20,
      -Infinity,
      Infinity,
    ],
  ];
  const extra = codes.flatMap((code, i) => [
    [code, x[i * columns + 1], 0, 3],
    [x[i * columns], code, 40, 17],
  ]);
  return { x: Float32Array.of(...x, ...extra.flat()), columns };
}

/** Most categories of a set; 0 where there is none. */
function widestSet({ sets }: TreeEnsemble): number {
  if (!sets) return 0;
  const sizes = Array.from({ length: sets.words.length / 8 }, (_, set) =>
    sets.words
      .subarray(8 * set, 8 * set + 8)
      .reduce((sum, word) => sum + (word >>> 0).toString(2).replaceAll('0', '').length, 0),
  );
  return Math.max(...sizes);
}

/** The leaves' sums of ONNX Runtime, [N, outputs]. */
async function sumsOf(ensemble: TreeEnsemble, x: Float32Array, columns: number): Promise<Float32Array> {
  const graph = createGraphBuilder();
  const inputs = Array.from({ length: columns }, (_, c) => graph.input(`c${c}`, 'double'));
  const [wide] = graph.node('Concat', inputs, { axis: { int: 1 } });
  const [features] = graph.node('Cast', [wide], { to: { int: 1 } });
  graph.output('features', addEnsemble(ensemble, graph, features), 'float', ['N', ensemble.outputs]);
  const rows = x.length / columns;
  const batch = Object.fromEntries(
    inputs.map((name, c) => [name, Float64Array.from({ length: rows }, (_, row) => x[row * columns + c])]),
  );
  return withSession(graph.build({}), (session) => session.encode({ rows, columns: batch }));
}
