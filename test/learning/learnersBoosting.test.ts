import { describe, expect, test } from 'vitest';
import { fillHistogram, histogramLength, totalOf } from '../../learning/learners/boosting/histogram.ts';
import type { BoostingModel } from '../../learning/learners/boosting/model.ts';
import { gatherColumns, packRows } from '../../learning/learners/boosting/packedBins.ts';
import { packGradients, SHIFT } from '../../learning/learners/boosting/packedGradients.ts';
import { plainKernels } from '../../learning/learners/boosting/plainKernels.ts';
import { cutOff } from '../../learning/learners/boosting/validation.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { accuracyOf, fit, generate, predict, problemFrom } from './learnersData.ts';

/** What must hold of gradient boosting, whatever the data. */

const numbers = generate(900, 5, 1, 4, 1000);
const one = { rounds: 1, learningRate: 1 };
const boost = (problem: Problem, params: object, seed?: number) =>
  fit('boosting', problem, params, seed) as BoostingModel;

describe.each([0, 3, 500])('the first cut saves most, l2 = %d', (l2) => {
  test.each([
    ['numbers', numbers],
    ['two classes', generate(900, 5, 2, 5, 1000)],
  ] as const)('%s', (_what, problem) => {
    const params = { ...one, leaves: 2, l2, minLeaf: 10, minChildWeight: 0.5 };
    const [{ feature, threshold }] = boost(problem, params).ensembles;
    // Newton's step by every cut of every column, from the definition.
    const mean = problem.y.reduce((a, b) => a + b, 0) / problem.rows;
    const hessian = problem.classes === 2 ? mean * (1 - mean) : 1;
    const saved = (column: number, edge: number) => {
      const sides = [0, 1].map((side) =>
        problem.train.filter((row) => +(problem.x[row * 5 + column] > edge) === side),
      );
      if (Math.min(...sides.map((rows) => rows.length)) < 10) return -Infinity;
      return sides.reduce((sum, rows) => {
        const gradient = rows.reduce((total, row) => total + mean - problem.y[row], 0);
        return sum + gradient ** 2 / (rows.length * hessian + l2);
      }, 0);
    };
    const all = problem.binned.edges.flatMap((edges, column) =>
      Array.from(edges, (edge) => saved(column, edge)),
    );
    expect(saved(feature[0], threshold[0]) / Math.max(...all)).toBeCloseTo(1, 5);
  });
});

test('a tree of squared error answers the mean of each leaf, shrunk by l2', () => {
  for (const l2 of [0, 7]) {
    const answers = predict('boosting', boost(numbers, { ...one, leaves: 8, l2 }), numbers);
    const mean = numbers.y.reduce((a, b) => a + b, 0) / numbers.rows;
    const leaves = new Map<number, number[]>();
    answers.forEach((answer, row) => {
      leaves.set(answer, [...(leaves.get(answer) ?? []), numbers.y[row] - mean]);
    });
    expect(leaves.size).toBe(8);
    for (const [answer, residuals] of leaves) {
      const step = residuals.reduce((a, b) => a + b, 0) / (residuals.length + l2);
      expect(answer / (mean + step)).toBeCloseTo(1, 6);
    }
  }
});

describe.each([2, 3, 1])('limits are kept, %i classes', (classes) => {
  const problem = generate(1500, 5, classes, classes, 200);
  test.each([{ maxDepth: 3 }, { minLeaf: 40 }, { leaves: 5 }, { minLeaf: 1, minChildWeight: 0 }])(
    '%o',
    (limits) => {
      const { ensembles } = boost(problem, { rounds: 8, ...limits });
      for (const { roots, feature, threshold, next } of ensembles) {
        roots.forEach((root, tree) => {
          const end = roots[tree + 1] ?? feature.length;
          const leaves = feature.slice(root, end).filter((f) => f < 0).length;
          expect(leaves).toBeLessThanOrEqual(limits.leaves ?? 31);
          const sizes = new Map<number, number>();
          problem.train.forEach((row) => {
            let node = root;
            let depth = 0;
            for (; feature[node] >= 0; depth++)
              node = next[node] + +(problem.x[row * 5 + feature[node]] > threshold[node]);
            expect(depth).toBeLessThanOrEqual(limits.maxDepth ?? 64);
            sizes.set(node, (sizes.get(node) ?? 0) + 1);
          });
          expect(sizes.size).toBe(leaves);
          expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(limits.minLeaf ?? 20);
        });
      }
    },
  );
});

test('more rounds begin with the same trees, and fit their rows better', () => {
  const few = boost(numbers, { rounds: 5 });
  const many = boost(numbers, { rounds: 60 });
  const nodes = few.ensembles[0].feature.length;
  expect(many.ensembles[0].feature.slice(0, nodes)).toEqual(few.ensembles[0].feature);
  expect(many.ensembles[0].threshold.slice(0, nodes)).toEqual(few.ensembles[0].threshold);
  const error = (model: BoostingModel) =>
    predict('boosting', model, numbers).reduce((sum, answer, row) => sum + (answer - numbers.y[row]) ** 2, 0);
  expect(error(many)).toBeLessThan(error(few) / 4);
});

describe('early stopping', () => {
  const random = new Random(3);
  const noise = { ...numbers, y: numbers.y.map(() => random.unit()) };

  test('ends soon where there is nothing to learn, and not where there is', () => {
    expect(boost(noise, { rounds: 200, patience: 10 }).rounds).toBeLessThan(40);
    const sum = Float64Array.from(numbers.train, (row) => numbers.x[row * 5] + numbers.x[row * 5 + 1]);
    expect(boost({ ...numbers, y: sum }, { rounds: 60, patience: 10 }).rounds).toBe(60);
  });

  test('gives the model of as many rounds on the same part', () => {
    const long = boost(noise, { rounds: 200, patience: 15 });
    // Patience as long as the rounds: no stop, but the same part set aside and the best round kept.
    expect(boost(noise, { rounds: long.rounds, patience: 1000 })).toEqual(long);
  });

  test('sets aside the same share of every class', () => {
    const { fit: kept, judge } = cutOff(numbers.train, (row) => +(row % 9 === 0), 0.2, 1);
    expect(judge.length).toBe(180);
    expect(judge.filter((row) => row % 9 === 0).length).toBe(20);
    expect(Int32Array.from([...kept, ...judge]).sort()).toEqual(numbers.train);
  });
});

describe('other losses', () => {
  test.each([0.1, 0.5, 0.9])('the %d quantile has that share of the rows below', (quantile) => {
    const answers = predict('boosting', boost(numbers, { loss: 'quantile', quantile }), numbers);
    const below = answers.filter((answer, row) => numbers.y[row] <= answer).length / numbers.rows;
    expect(Math.abs(below - quantile)).toBeLessThan(0.05);
  });

  test('the absolute error is the quantile 1/2, and heeds no outlier', () => {
    const absolute = { loss: 'absolute', rounds: 20 };
    expect(boost(numbers, absolute)).toEqual(boost(numbers, { loss: 'quantile', quantile: 0.5, rounds: 20 }));
    const wild = { ...numbers, y: numbers.y.map((value, row) => (row % 50 === 0 ? 1e6 : value)) };
    const error = (problem: Problem) => {
      const answers = predict('boosting', boost(problem, absolute), problem);
      return answers.reduce((sum, answer, row) => sum + Math.abs(answer - numbers.y[row]), 0) / numbers.rows;
    };
    expect(error(wild)).toBeLessThan(2 * error(numbers));
  });
});

test('sampled rows and columns give other trees by the seed alone', () => {
  for (const share of [{ rowShare: 0.5 }, { columnShare: 0.4 }]) {
    const params = { ...share, rounds: 5 };
    expect(boost(numbers, params, 1)).toEqual(boost(numbers, params, 1));
    expect(boost(numbers, params, 1)).not.toEqual(boost(numbers, params, 2));
  }
  expect(boost(numbers, { rounds: 5 }, 1)).toEqual(boost(numbers, { rounds: 5 }, 2));
});

test('nothing to cut by, one class only and a constant target are answered as they are', () => {
  const flat = problemFrom(
    new Float32Array(120).fill(5),
    Float64Array.from({ length: 60 }, (_, i) => +(i < 15)),
    2,
    2,
  );
  expect(predict('boosting', boost(flat, {}), flat)[1]).toBeCloseTo(0.25, 6);
  const single = { ...flat, y: new Float64Array(60) };
  expect(accuracyOf(predict('boosting', boost(single, {}), single), single.y, 2)).toBe(1);
  const constant = { ...numbers, y: numbers.y.map(() => 7.25) };
  expect(new Set(predict('boosting', boost(constant, {}), constant))).toEqual(new Set([7.25]));
});

test('a target beyond what float64 can square or sum is refused', () => {
  const huge = {
    ...numbers,
    y: numbers.y.map((value, row) => (row % 2 ? 1e308 : -1e308) * (1 + value / 1e4)),
  };
  expect(() => boost(huge, { rounds: 3 })).toThrow(/too large/);
});

describe('packed sums', () => {
  const random = new Random(5);
  const rows = 700;
  const gradients = Float64Array.from({ length: rows }, () => random.unit() - 0.5);
  const hessians = Float64Array.from({ length: rows }, () => random.unit());
  const packed = new Float64Array(rows);
  const steps = packGradients(plainKernels, gradients, hessians, 0, numbers.train.slice(0, rows), packed);
  const table = packRows(
    gatherColumns(numbers.binned, numbers.train, plainKernels),
    Int32Array.of(0, 2, 3, 4, 1),
    { binsOf: new Int32Array(5), bins: new Int32Array(2 * numbers.rows) },
  );
  const count = (positions: Int32Array) => {
    const histogram = new Float64Array(histogramLength(5));
    fillHistogram(table, positions, 0, positions.length, packed, histogram);
    return histogram;
  };

  test('unpack to the sums themselves', () => {
    const total = totalOf(count(numbers.train.slice(0, rows)));
    const gradient = Math.floor(total / SHIFT);
    const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
    expect(gradient / (steps?.gradient ?? NaN)).toBeCloseTo(sum(gradients), 3);
    expect((total - gradient * SHIFT) / (steps?.hessian ?? NaN)).toBeCloseTo(sum(hessians), 3);
  });

  test('what is left of a parent is the other child to the bit, in any order of the rows', () => {
    const all = numbers.train.slice(0, rows);
    const left = all.filter((row) => row % 3 === 0);
    const right = all.filter((row) => row % 3 !== 0);
    const parent = count(all);
    const child = count(left);
    expect(parent.map((value, i) => value - child[i])).toEqual(count(right.reverse()));
  });
});
