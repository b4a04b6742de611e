import { describe, expect, test } from 'vitest';
import { binMatrix } from '../../learning/binning.ts';
import { answersOf } from '../../learning/explain/answers.ts';
import { coversOf } from '../../learning/explain/covers.ts';
import { Explainer } from '../../learning/explain/explainer.ts';
import { PathDependent } from '../../learning/explain/pathDependent.ts';
import { readModel, selectOutput, type ExplainableModel } from '../../learning/explain/readModel.ts';
import { follow, type TreeSet } from '../../learning/explain/treeSet.ts';
import { assembleModel } from '../../learning/onnx/assemble.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, generate, predict } from './learnersData.ts';

/** Of this project's own learners: what is explained is what is answered, and the values are Shapley's by definition. */

const COLUMNS = 5;
const names = Array.from({ length: COLUMNS }, (_, i) => `c${i}`);
const BACKGROUND = 7;

function explainable(learner: string, problem: Problem, params: object) {
  const model = fit(learner, problem, params);
  const encoders = {
    inputs: names.map((name) => ({ name, columnType: 'number' as const })),
    blocks: [{ kind: 'passthrough' as const, columns: names, fill: names.map(() => 0) }],
    features: names,
    dropped: [],
  };
  const classes = JSON.stringify(Array.from({ length: problem.classes }, (_, k) => k));
  const bytes = assembleModel(encoders, find(learner), model, { task: problem.task, classes });
  return { model, read: readModel(bytes, problem.task) };
}

/** Twelve levels of five features, four of which name categories where they are named. */
function problemFor(classes: number, named: boolean): Problem {
  const problem = generate(120, COLUMNS, classes, 5, 12);
  if (!named) return problem;
  const { x, rows, columns } = problem;
  const counts = Uint8Array.of(11, 11, 11, 11, 0);
  return { ...problem, binned: binMatrix(x, rows, columns, undefined, undefined, undefined, counts) };
}

const CASES = [
  ['forest', 2, 'sizes', { trees: 5 }],
  ['forest', 3, 'sizes', { trees: 4, maxDepth: 6 }],
  ['forest', 1, 'sizes', { trees: 5, minLeaf: 2 }],
  ['extraTrees', 3, 'sizes', { trees: 4 }],
  ['extraTrees', 1, 'sizes', { trees: 4 }],
  ['tree', 2, 'sizes', {}],
  ['tree', 1, 'sizes', { maxDepth: 4 }],
  ['forest', 2, 'categories', { trees: 5 }],
  ['forest', 3, 'categories', { trees: 4, maxDepth: 6 }],
  ['extraTrees', 1, 'categories', { trees: 4 }],
  ['extraTrees', 3, 'categories', { trees: 4 }],
  ['tree', 1, 'categories', { maxDepth: 4 }],
  ['tree', 2, 'categories', {}],
  ['baselineForest', 2, 'sizes', { trees: 3 }],
  ['boosting', 2, 'sizes', { rounds: 8, minLeaf: 5 }],
  ['boosting', 3, 'sizes', { rounds: 5, minLeaf: 5 }],
  ['boosting', 1, 'sizes', { rounds: 8, minLeaf: 5 }],
  ['boosting', 2, 'categories', { rounds: 8, minLeaf: 5, categorySmoothing: 2, minCategoryRows: 1 }],
  ['boosting', 3, 'categories', { rounds: 5, minLeaf: 5, categorySmoothing: 2, minCategoryRows: 1 }],
  ['logistic', 2, 'sizes', {}],
  ['logistic', 3, 'sizes', {}],
  ['logistic', 3, 'sizes', { l1: 0.5 }],
  ['linearSvm', 2, 'sizes', {}],
  ['linearSvm', 3, 'sizes', {}],
  ['ridge', 1, 'sizes', {}],
  ['lasso', 1, 'sizes', { alpha: 0.01 }],
  ['elasticNet', 1, 'sizes', { alpha: 0.01 }],
] as const;

const TREES: readonly string[] = ['forest', 'extraTrees', 'tree', 'baselineForest', 'boosting'];

describe.each(CASES)('%s of %i classes, %s, %o', (learner, classes, kind, params) => {
  const problem = problemFor(classes, kind === 'categories');
  const { model, read } = explainable(learner, problem, params);
  const { x } = problem;
  const explainer = new Explainer(read, x.slice(0, BACKGROUND * COLUMNS), names);

  test('the numbers that are explained lead to the answers', () => {
    const answers = predict(learner, model, problem);
    for (let row = 0; row < problem.rows; row++) {
      const own = answersOf(read, explainer.score(x, row * COLUMNS));
      const all = answers.subarray(row * classes, (row + 1) * classes);
      const expected = classes === 2 ? all.subarray(1) : all;
      expected.forEach((value, k) => expect(own[k]).toBeCloseTo(value, 5));
    }
  });

  test('base and contributions add up to them', () => {
    for (let row = 0; row < problem.rows; row++) {
      const score = explainer.score(x, row * COLUMNS);
      const contributions = explainer.explain(x, row * COLUMNS);
      const size = Math.max(1, ...score.map(Math.abs));
      for (let k = 0; k < read.outputs; k++) {
        let sum = explainer.base[k];
        for (let c = 0; c < COLUMNS; c++) sum += contributions[c * read.outputs + k];
        expect(Math.abs(sum - score[k]) / size).toBeLessThan(1e-10);
      }
    }
  });

  test('and are Shapley values by their definition', () => {
    for (const row of [20, 47, 101]) {
      const own = [...x.subarray(row * COLUMNS, (row + 1) * COLUMNS)];
      const found = explainer.explain(x, row * COLUMNS);
      for (let k = 0; k < read.outputs; k++) {
        const expected = byDefinition((inside) => {
          let mean = 0;
          for (let b = 0; b < BACKGROUND; b++) {
            const mixed = own.map((value, c) => (inside(c) ? value : x[b * COLUMNS + c]));
            mean += explainer.score(mixed, 0)[k] / BACKGROUND;
          }
          return mean;
        });
        expected.forEach((value, c) => expect(found[c * read.outputs + k]).toBeCloseTo(value, 9));
      }
    }
  });

  test('one of its outputs alone is explained alike', () => {
    const last = read.outputs - 1;
    const alone = new Explainer(selectOutput(read, last), x.slice(0, BACKGROUND * COLUMNS), names);
    const whole = explainer.explain(x, 30 * COLUMNS);
    alone
      .explain(x, 30 * COLUMNS)
      .forEach((value, c) => expect(value).toBeCloseTo(whole[c * read.outputs + last], 12));
  });
});

describe.each(CASES.filter(([learner]) => TREES.includes(learner)))(
  'path-dependent values of %s of %i classes, %s, %o',
  (learner, classes, kind, params) => {
    test('are those of their own game', () => {
      const problem = problemFor(classes, kind === 'categories');
      const { x } = problem;
      const { read } = explainable(learner, problem, params);
      expect(read.trees.length).toBeGreaterThan(0);
      for (const { trees } of read.trees) {
        // Of fewer rows than it learned from, so that nobody comes by some of the nodes.
        const covers = coversOf(trees, x.subarray(0, 60 * COLUMNS), COLUMNS);
        const explained = new PathDependent(trees, covers);
        for (const row of [20, 101]) {
          const found = new Float64Array(COLUMNS * trees.width);
          explained.add(x, row * COLUMNS, found);
          for (let k = 0; k < trees.width; k++) {
            const game = (inside: (column: number) => boolean): number =>
              trees.roots.reduce(
                (sum, root) => sum + expectation(trees, covers, x, row * COLUMNS, root, k, inside),
                0,
              );
            expect(explained.base()[k]).toBeCloseTo(
              game(() => false),
              9,
            );
            byDefinition(game).forEach((value, c) =>
              expect(found[c * trees.width + k]).toBeCloseTo(value, 9),
            );
          }
        }
      }
    });
  },
);

/** Lundberg, Erion and Lee (2018), algorithm 1. */
function expectation(
  trees: TreeSet,
  covers: Float64Array,
  x: Float32Array,
  at: number,
  node: number,
  k: number,
  inside: (column: number) => boolean,
): number {
  const f = trees.feature[node];
  if (f < 0) return trees.values[trees.whenTrue[node] * trees.width + k];
  const below = (child: number) => expectation(trees, covers, x, at, child, k, inside);
  if (inside(f)) return below(follow(trees, node, x[at + f]));
  const share = covers[node] > 0 ? covers[trees.whenTrue[node]] / covers[node] : 0.5;
  return share * below(trees.whenTrue[node]) + (1 - share) * below(trees.whenFalse[node]);
}

function byDefinition(game: (inside: (column: number) => boolean) => number): number[] {
  const values = Array.from({ length: 1 << COLUMNS }, (_, set) => game((c) => (set & (1 << c)) !== 0));
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const sizeOf = (set: number) => set.toString(2).replaceAll('0', '').length;
  return names.map((_, column) => {
    let sum = 0;
    for (let set = 0; set < 1 << COLUMNS; set++) {
      if (set & (1 << column)) continue;
      const size = sizeOf(set);
      const weight = (factorial(size) * factorial(COLUMNS - size - 1)) / factorial(COLUMNS);
      sum += weight * (values[set | (1 << column)] - values[set]);
    }
    return sum;
  });
}

test('deep trees that cut the same features again and again', () => {
  // Random trees of 12 levels over 3 features, with gaps in the rows and every kind of comparison.
  const random = new Random(3);
  for (let round = 0; round < 20; round++) {
    const trees = randomTrees(random, 3, 12);
    const x = Float32Array.from({ length: 3 * 8 }, () => (random.below(5) === 0 ? NaN : random.below(6)));
    const model: ExplainableModel = {
      explained: 'value',
      link: 'none',
      outputs: 2,
      constant: Float64Array.of(1, -1),
      trees: [{ trees, outputs: [0, 1] }],
      origins: ['a', 'b', 'c'],
      encoders: new Uint8Array(),
    };
    const explainer = new Explainer(model, x.slice(0, 12), ['c', 'b', 'a']);
    for (let row = 4; row < 8; row++) {
      const score = explainer.score(x, row * 3);
      const found = explainer.explain(x, row * 3);
      for (let k = 0; k < 2; k++) {
        const sum = explainer.base[k] + found[k] + found[2 + k] + found[4 + k];
        expect(sum).toBeCloseTo(score[k], 9);
      }
    }
  }
});

function randomTrees(random: Random, features: number, depth: number): TreeSet {
  const feature: number[] = [];
  const [threshold, comparison, missingHolds]: number[][] = [[], [], []];
  const [whenTrue, whenFalse, values]: number[][] = [[], [], []];
  const grow = (left: number): number => {
    const node = feature.length;
    feature.push(-1);
    for (const list of [threshold, comparison, missingHolds, whenTrue, whenFalse]) list.push(0);
    if (left === 0 || random.below(6) === 0) {
      whenTrue[node] = values.length / 2;
      values.push(random.unit(), random.unit());
      return node;
    }
    feature[node] = random.below(features);
    threshold[node] = random.below(6);
    comparison[node] = random.below(7);
    missingHolds[node] = random.below(2);
    whenTrue[node] = grow(left - 1);
    whenFalse[node] = grow(left - 1);
    return node;
  };
  const roots = [grow(depth), grow(depth)];
  return {
    width: 2,
    roots: Int32Array.from(roots),
    feature: Int32Array.from(feature),
    threshold: Float64Array.from(threshold),
    comparison: Uint8Array.from(comparison),
    sets: Array.from({ length: 6 }, (_, i) => new Set([0, 2, i])),
    missingHolds: Uint8Array.from(missingHolds),
    whenTrue: Int32Array.from(whenTrue),
    whenFalse: Int32Array.from(whenFalse),
    values: Float64Array.from(values),
  };
}
