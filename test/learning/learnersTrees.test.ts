import { describe, expect, test } from 'vitest';
import type { TreeModel } from '../../learning/learners/trees/model.ts';
import { leafBits, leafScale, writeValue, writeVotes } from '../../learning/learners/trees/leaves.ts';
import { Random } from '../../learning/rng.ts';
import { accuracyOf, fit, generate, predict, problemFrom } from './learnersData.ts';

/** What must hold of any tree, whatever the data. */

test('rows written twice weigh as much as a leaf of twice the size', () => {
  const { x, y, columns, classes } = generate(200, 4, 3, 3);
  const once = problemFrom(x, y, columns, classes);
  const twice = problemFrom(Float32Array.of(...x, ...x), Float64Array.of(...y, ...y), columns, classes);
  expect(fit('tree', twice, { minLeaf: 6 })).toEqual(fit('tree', once, { minLeaf: 3 }));
});

test('a full tree answers its own rows without error', () => {
  const problem = generate(400, 6, 3, 4, 1000);
  expect(accuracyOf(predict('tree', fit('tree', problem), problem), problem.y, 3)).toBe(1);
  const numbers = generate(400, 6, 1, 4, 1000);
  const predictions = predict('tree', fit('tree', numbers), numbers);
  // Bins, not values, are cut: rows whose bins are all equal would share a leaf, and here there are none.
  predictions.forEach((value, i) => expect(value).toBe(Math.fround(numbers.y[i])));
});

test('a cut that gains nothing by itself is made where the next one needs it', () => {
  const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
  const problem = problemFrom(x, Float64Array.of(0, 1, 1, 0), 2, 2);
  expect(accuracyOf(predict('tree', fit('tree', problem), problem), problem.y, 2)).toBe(1);
});

test('only constant columns give one leaf with the share of each class', () => {
  const problem = problemFrom(
    new Float32Array(30).fill(5),
    Float64Array.of(...Array.from({ length: 10 }, (_, i) => +(i < 3))),
    3,
    2,
  );
  const model = fit('tree', problem) as TreeModel;
  expect(model.ensemble.feature.length).toBe(1);
  expect(predict('tree', model, problem).slice(0, 2)).toEqual(Float64Array.of(0.7, 0.3).map(Math.fround));
});

test('a column that can be cut is found among constant ones, though one is drawn at a time', () => {
  const columns = 50;
  const x = new Float32Array(40 * columns);
  for (let row = 20; row < 40; row++) x[row * columns + 17] = 1;
  const problem = problemFrom(
    x,
    Float64Array.from({ length: 40 }, (_, row) => +(row >= 20)),
    columns,
    2,
  );
  const model = fit('forest', problem, { trees: 20, maxFeatures: 1 / columns });
  expect(accuracyOf(predict('forest', model, problem), problem.y, 2)).toBe(1);
});

describe.each([2, 3, 4, 5, 17])('%i classes', (classes) => {
  const problem = generate(2000, 5, classes, classes);
  test.each([{ maxDepth: 3 }, { minLeaf: 25 }, { minLeaf: 1 }])('a forest keeps its limits %o', (limits) => {
    const { ensemble } = fit('forest', problem, { ...limits, trees: 5 }) as TreeModel;
    for (const root of ensemble.roots)
      expect(depth(ensemble, root)).toBeLessThanOrEqual(limits.maxDepth ?? 64);
    const model = fit('tree', problem, limits) as TreeModel;
    const sizes = new Map<number, number>();
    problem.train.forEach((row) => {
      const leaf = leafOf(model, problem.x.subarray(row * 5, row * 5 + 5));
      sizes.set(leaf, (sizes.get(leaf) ?? 0) + 1);
    });
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(limits.minLeaf ?? 1);
    expect(sizes.size).toBe(model.ensemble.feature.filter((f) => f < 0).length);
  });

  test('a leaf tells the shares of its own rows, also where a class is in other leaves alone', () => {
    const random = new Random(7);
    const y = Float64Array.from({ length: 400 }, () => random.below(classes));
    const problem = problemFrom(
      Float32Array.from({ length: 2000 }, () => random.below(50)),
      y,
      5,
      classes,
    );
    const model = fit('tree', problem, { minLeaf: 3 }) as TreeModel;
    const shares = predict('tree', model, problem);
    const counts = new Map<number, Float64Array>();
    const leaves = Array.from(problem.train, (row) =>
      leafOf(model, problem.x.subarray(row * 5, row * 5 + 5)),
    );
    leaves.forEach((leaf, row) => {
      if (!counts.has(leaf)) counts.set(leaf, new Float64Array(classes));
      (counts.get(leaf) as Float64Array)[problem.y[row]]++;
    });
    let worst = 0;
    leaves.forEach((leaf, row) => {
      const own = counts.get(leaf) as Float64Array;
      const size = own.reduce((a, b) => a + b, 0);
      own.forEach((n, c) => (worst = Math.max(worst, Math.abs(shares[row * classes + c] - n / size))));
    });
    expect(worst).toBeLessThan(1e-6);
  });

  test('probabilities of a row add up to 1', () => {
    const shares = predict('forest', fit('forest', problem, { trees: 3, minLeaf: 20 }), problem);
    for (let row = 0; row < 100; row++) {
      const sum = shares.subarray(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(classes * 2 ** -24);
    }
  });
});

/** The cut is the best there is: found again by trying every cut of every column. */
test.each([2, 3, 7])('the first cut has the least impurity, %i classes', (classes) => {
  const problem = generate(600, 4, classes, 9);
  const { ensemble } = fit('tree', problem, { maxDepth: 1, minLeaf: 10 }) as TreeModel;
  const impurity = (feature: number, threshold: number) => {
    const counts = [new Float64Array(classes), new Float64Array(classes)];
    problem.train.forEach((row) => counts[+(problem.x[row * 4 + feature] > threshold)][problem.y[row]]++);
    const sizes = counts.map((side) => side.reduce((a, b) => a + b, 0));
    if (Math.min(...sizes) < 10) return Infinity;
    return counts.reduce(
      (total, side, i) => total + sizes[i] - side.reduce((sum, n) => sum + n * n, 0) / sizes[i],
      0,
    );
  };
  const all = problem.binned.edges.flatMap((edges, feature) =>
    Array.from(edges, (edge) => impurity(feature, edge)),
  );
  expect(impurity(ensemble.feature[0], ensemble.threshold[0])).toBeCloseTo(Math.min(...all), 9);
});

describe('leaves as integers', () => {
  test('votes add up to the scale, by the largest remainder, the lowest class on ties', () => {
    const votes = (counts: number[], bits: number) => {
      const values = new Int32Array(counts.length);
      writeVotes(Float64Array.from(counts), 0, counts.length, bits, values, 0);
      return Array.from(values);
    };
    expect(votes([1, 1, 1], 3)).toEqual([3, 3, 2]);
    expect(votes([1, 2, 4], 4)).toEqual([2, 5, 9]);
    expect(votes([0, 5], 17)).toEqual([0, 2 ** 17]);
    expect(votes([123_456_789, 1, 3], 24).reduce((a, b) => a + b)).toBe(2 ** 24);
  });

  test.each([1, 2, 3, 100, 128, 129, 1000])('%i trees stay within the integers of a float32', (trees) => {
    const bits = leafBits(trees);
    expect(trees * 2 ** bits).toBeLessThanOrEqual(2 ** 24);
    expect(trees * 2 ** (bits + 1)).toBeGreaterThan(2 ** 24);
    for (const [low, high] of [
      [-1, 1],
      [0, 3e9],
      [5, 5],
      [-1e-9, 2e-9],
      [1e12, 1e12 + 1],
    ]) {
      // prettier-ignore
      const scale = leafScale(trees, low, high);
      for (const value of [low, high, (low + high) / 2, low + (high - low) / 3]) {
        const parts = new Int32Array(2);
        writeValue(value, scale, parts, 0);
        expect(Math.abs(parts[0])).toBeLessThanOrEqual(2 ** bits);
        expect(parts[1]).toBeGreaterThanOrEqual(0);
        expect(parts[1]).toBeLessThan(2 ** bits);
        const back = scale.base + (parts[0] * 2 ** bits + parts[1]) * scale.unit;
        expect(Math.abs(back - value)).toBeLessThanOrEqual(
          (high - low) * 2 ** (-2 * bits + 2) + Math.abs(value) * 2 ** -52,
        );
      }
    }
  });
});

function depth(ensemble: TreeModel['ensemble'], node: number): number {
  if (ensemble.feature[node] < 0) return 0;
  return 1 + Math.max(depth(ensemble, ensemble.next[node]), depth(ensemble, ensemble.next[node] + 1));
}

function leafOf({ ensemble }: TreeModel, row: Float32Array): number {
  let node = ensemble.roots[0];
  while (ensemble.feature[node] >= 0) {
    node = ensemble.next[node] + (row[ensemble.feature[node]] <= ensemble.threshold[node] ? 0 : 1);
  }
  return node;
}
