import { describe, expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { combinePaths, drawPaths, mixturesOf } from '../../learning/shapley.ts';

type Model = (row: readonly number[]) => number;

/** Asks a model as the gateway does, but one mixture at a time. */
function explain(
  model: Model,
  row: readonly number[],
  background: readonly number[][],
  evaluations = 1_000,
  seed = 1,
) {
  const paths = drawPaths(row.length, background.length, evaluations, new Random(seed));
  const mixtures = paths.flatMap(({ background: from, order }) =>
    Array.from({ length: mixturesOf(row.length) }, (_, step) => {
      const mixed = [...background[from]];
      for (const column of order.subarray(0, step + 1)) mixed[column] = row[column];
      return model(mixed);
    }),
  );
  return { paths, ...combinePaths(paths, model(row), background.map(model), mixtures) };
}

/** By the definition: over all coalitions of the other columns. */
function exactly(model: Model, row: readonly number[], background: readonly number[][]): number[] {
  const columns = row.length;
  const value = (coalition: number) =>
    background.reduce(
      (sum, from) => sum + model(from.map((v, c) => (coalition & (1 << c) ? row[c] : v))),
      0,
    ) / background.length;
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const sizeOf = (coalition: number) => coalition.toString(2).replaceAll('0', '').length;
  return row.map((_, column) => {
    let sum = 0;
    for (let coalition = 0; coalition < 1 << columns; coalition++) {
      if (coalition & (1 << column)) continue;
      const size = sizeOf(coalition);
      const weight = (factorial(size) * factorial(columns - size - 1)) / factorial(columns);
      sum += weight * (value(coalition | (1 << column)) - value(coalition));
    }
    return sum;
  });
}

const random = new Random(7);
const someRow = (columns: number) => Array.from({ length: columns }, () => 4 * random.unit() - 2);
const tangled: Model = (row) =>
  1 / (1 + Math.exp(-row.reduce((sum, v, i) => sum + v * row[(i + 1) % row.length] + Math.sin(3 * v), 0)));

const sum = (values: Iterable<number>) => [...values].reduce((total, v) => total + v, 0);

test.each([1, 2, 5, 30, 200])('base and contributions of %i columns add up to the score', (columns) => {
  for (let i = 0; i < 5; i++) {
    const row = someRow(columns);
    const { base, contributions } = explain(
      tangled,
      row,
      Array.from({ length: 20 }, () => someRow(columns)),
    );
    expect(Math.abs(base + sum(contributions) - tangled(row))).toBeLessThan(1e-9);
  }
});

test('a linear model has the contributions that its weights say', () => {
  const weights = [3, -2, 0, 0.5];
  const linear: Model = (row) => 1 + sum(row.map((v, i) => weights[i] * v));
  const background = Array.from({ length: 10 }, () => someRow(4));
  const row = someRow(4);
  const { base, contributions } = explain(linear, row, background, 200);
  const means = weights.map((_, c) => sum(background.map((from) => from[c])) / 10);
  expect(base).toBeCloseTo(linear(means), 12);
  contributions.forEach((found, c) => expect(found).toBeCloseTo(weights[c] * (row[c] - means[c]), 12));
});

test('the samples come near to the values by definition', () => {
  for (let i = 0; i < 10; i++) {
    const row = someRow(6);
    const background = Array.from({ length: 10 }, () => someRow(6));
    const exact = exactly(tangled, row, background);
    explain(tangled, row, background, 20_000).contributions.forEach((found, c) =>
      expect(Math.abs(found - exact[c])).toBeLessThan(0.02),
    );
  }
});

test('a column without influence has none, and two that do the same have the same', () => {
  const model: Model = ([a, b]) => Math.max(a, b);
  const { contributions } = explain(model, [1, 1, 5], [[0, 0, 0]]);
  expect([...contributions]).toEqual([0.5, 0.5, 0]);
});

describe('the paths', () => {
  test('use each row of the background equally often, and each order forwards and backwards', () => {
    const paths = drawPaths(5, 20, 1_000, new Random(1));
    // 1,000 evaluations are 125 pairs of 8: six rounds over the background.
    expect(paths).toHaveLength(240);
    for (let b = 0; b < 20; b++) expect(paths.filter(({ background }) => background === b)).toHaveLength(12);
    for (let p = 0; p < paths.length; p += 2)
      expect([...paths[p + 1].order].reverse()).toEqual([...paths[p].order]);
  });

  test('stay within the evaluations, but for one pair of them', () => {
    const evaluations = (columns: number) =>
      drawPaths(columns, 20, 1_000, new Random(1)).length * mixturesOf(columns);
    expect([2, 26, 100, 501].map(evaluations).every((asked) => asked <= 1_000)).toBe(true);
    expect(evaluations(5_000)).toBe(2 * 4_999);
  });

  test('are the same for the same seed', () => {
    expect(drawPaths(6, 3, 100, new Random(5))).toEqual(drawPaths(6, 3, 100, new Random(5)));
    expect(drawPaths(6, 3, 100, new Random(5))).not.toEqual(drawPaths(6, 3, 100, new Random(6)));
  });
});
