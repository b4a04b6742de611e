import { describe, expect, test } from 'vitest';
import { binMatrix } from '../../learning/binning.ts';
import type { BoostingModel } from '../../learning/learners/boosting/model.ts';
import type { TreeModel } from '../../learning/learners/trees/model.ts';
import { Random } from '../../learning/rng.ts';
import { accuracyOf, fit, gappy, generate, load, predict, problemFrom } from './learnersData.ts';

/** What must hold where values of features are missing. */

const learners = [
  ['forest', { trees: 10 }],
  ['extraTrees', { trees: 30 }],
  ['tree', {}],
  ['boosting', { rounds: 10 }],
] as const;

describe.each(learners)('%s', (name, params) => {
  test('learns that a value is missing, whatever the others are', () => {
    const random = new Random(1);
    const y = Float64Array.from({ length: 400 }, (_, i) => i % 2);
    const x = Float32Array.from({ length: 1200 }, (_, i) =>
      i % 3 === 1 && y[Math.floor(i / 3)] === 1 ? NaN : random.below(30),
    );
    const problem = problemFrom(x, y, 3, 2, Uint8Array.of(0, 1, 0));
    const train = problem.train.filter((row) => row % 5 !== 0);
    const rows = problem.train.filter((row) => row % 5 === 0);
    const own = predict(name, fit(name, { ...problem, train }, params), problem, rows);
    expect(
      accuracyOf(
        own,
        Float64Array.from(rows, (row) => y[row]),
        2,
      ),
    ).toBeGreaterThan(0.95);
  });

  test('gives the same trees where values may be missing and none is', () => {
    for (const problem of [generate(400, 4, 3, 1, 20), generate(400, 4, 1, 2, 20)]) {
      if (name === 'extraTrees' && problem.classes === 1) continue;
      const open = {
        ...problem,
        binned: binMatrix(problem.x, 400, 4, undefined, undefined, new Uint8Array(4).fill(1)),
      };
      const trees = (of: typeof problem) => {
        const model = fit(name, of, params) as TreeModel & BoostingModel;
        return (model.ensembles ?? [model.ensemble]).map(({ feature, threshold, values }) => ({
          feature,
          threshold,
          values,
        }));
      };
      expect(trees(open)).toEqual(trees(problem));
    }
  });

  test('answers rows whose every value is missing, also where training missed none', () => {
    const open = { ...generate(400, 4, 3, 1, 20) };
    open.binned = binMatrix(open.x, 400, 4, undefined, undefined, new Uint8Array(4).fill(1));
    const model = fit(name, open, params);
    const shares = predict(name, model, { ...open, x: new Float32Array(4).fill(NaN) });
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  });
});

test('a missing value is a bin behind the others, where it may be', () => {
  const x = Float32Array.of(1, NaN, 2, 3, NaN, 2);
  const { bins, edges } = binMatrix(x, 6, 1, undefined, undefined, Uint8Array.of(1));
  expect(Array.from(edges[0])).toEqual([1.5, 2.5]);
  expect(Array.from(bins)).toEqual([0, 3, 1, 2, 3, 1]);
  expect(() => binMatrix(x, 6, 1)).toThrow(/Row 1 of column 0/);
  const many = Float32Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? NaN : i));
  const wide = binMatrix(many, 1000, 1, undefined, undefined, Uint8Array.of(1));
  expect(wide.edges[0].length).toBe(254);
  expect(wide.bins[0]).toBe(255);
  expect(() => binMatrix(Float32Array.of(1, Infinity), 2, 1, undefined, undefined, Uint8Array.of(1))).toThrow(
    /finite/,
  );
});

test('what is learned with a quarter of the values gone is worth more than nothing', () => {
  const whole = load('cancer');
  const torn = gappy(whole);
  const rows = torn.train.filter((row) => row % 3 === 0);
  const train = torn.train.filter((row) => row % 3 !== 0);
  for (const name of ['forest', 'boosting']) {
    const own = predict(name, fit(name, { ...torn, train }), torn, rows);
    expect(
      accuracyOf(
        own,
        Float64Array.from(rows, (row) => torn.y[row]),
        2,
      ),
    ).toBeGreaterThan(0.92);
  }
});
