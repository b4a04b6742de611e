import { describe, expect, it } from 'vitest';
import {
  permutationImportance,
  permutations,
  permute,
  type PermutedColumn,
} from '../../../learning/importance.ts';
import { computeMetrics } from '../../../learning/metrics/compute.ts';
import type { MetricName } from '../../../learning/metrics/names.ts';
import { Random } from '../../../learning/rng.ts';

const rows = 2000;
const random = new Random(9);
const noise = (): Float64Array => Float64Array.from({ length: rows }, () => random.unit() * 2 - 1);
const columns: Record<string, Float64Array> = { strong: noise(), weak: noise(), unused: noise() };
const y = Float64Array.from(
  { length: rows },
  (_, i) => 3 * columns.strong[i] + columns.weak[i] + 0.1 * random.unit(),
);
/** A model that knows the truth. */
const predict = (batch: Record<string, Float64Array>): Float64Array =>
  y.map((_, i) => 3 * batch.strong[i] + batch.weak[i]);
const options = { rows, columns: Object.keys(columns), repeats: 4, seed: 42 };

function scorer(metric: MetricName): (permuted: PermutedColumn) => number {
  return ({ column, permutation }) => {
    const batch = { ...columns, [column]: permute(columns[column], permutation) };
    return computeMetrics('regression', 0, undefined, y, predict(batch))[metric] ?? NaN;
  };
}
const baseline = computeMetrics('regression', 0, undefined, y, predict(columns));

describe('permutation importance', () => {
  it.each(['rmse', 'r2'] as const)(
    'ranks columns by what the model loses without them, for %s',
    async (metric) => {
      const found = await permutationImportance(metric, baseline[metric] ?? NaN, options, scorer(metric));
      expect(found.map(({ column }) => column)).toEqual(['strong', 'weak', 'unused']);
      expect(found[0].mean).toBeGreaterThan(2 * found[1].mean);
      expect(found[1].mean).toBeGreaterThan(0.1);
      expect(found[2].mean).toBe(0);
      expect(found.every(({ scores }) => scores.length === 4)).toBe(true);
      expect(found[0].std).toBeGreaterThan(0);
    },
  );

  it('is the expected rise of the squared error, which has a closed form', async () => {
    // Permuting x with coefficient a adds 2 a² var(x) to the mean squared error; var of a uniform (-1, 1) is 1/3.
    const found = await permutationImportance(
      'rmse',
      0,
      { ...options, repeats: 20 },
      (permuted) => scorer('rmse')(permuted) ** 2,
    );
    expect(found[0].mean).toBeCloseTo(2 * 9 * (1 / 3), 0);
    expect(found[1].mean).toBeCloseTo(2 * (1 / 3), 1);
  });

  it('reports mean and standard deviation (ddof 0) of the drops, turned so that larger is more important', async () => {
    const scores = [5, 7];
    const higher = await permutationImportance(
      'accuracy',
      10,
      { rows: 3, columns: ['a'], repeats: 2, seed: 1 },
      ({ repeat }) => scores[repeat],
    );
    // Of two repeats: 12.7062 (Student's t with one degree of freedom) standard errors of 1.
    const interval = (mean: number) => [mean - 12.7062, mean + 12.7062];
    expect(higher).toEqual([{ column: 'a', mean: 4, std: 1, interval: interval(4), scores: [5, 7] }]);
    const lower = await permutationImportance(
      'logLoss',
      1,
      { rows: 3, columns: ['a'], repeats: 2, seed: 1 },
      ({ repeat }) => scores[repeat],
    );
    expect(lower).toEqual([{ column: 'a', mean: 5, std: 1, interval: interval(5), scores: [5, 7] }]);
  });

  it('has an interval that the mean of other seeds falls into, and none after one repeat', async () => {
    const means: { mean: number; interval?: [number, number] }[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const found = await permutationImportance('rmse', 0, { ...options, seed, repeats: 5 }, scorer('rmse'));
      means.push(found[1]);
    }
    const truth = means.reduce((sum, { mean }) => sum + mean, 0) / means.length;
    const hits = means.filter(({ interval = [NaN, NaN] }) => interval[0] <= truth && truth <= interval[1]);
    expect(hits.length).toBeGreaterThan(50);
    const [once] = await permutationImportance('rmse', 0, { ...options, repeats: 1 }, scorer('rmse'));
    expect(once.interval).toBeUndefined();
  });

  it('refuses a metric that these rows do not determine', async () => {
    await expect(permutationImportance('rocAuc', 0.7, options, () => NaN)).rejects.toThrow(
      /rocAuc is NaN with `strong` permuted/,
    );
  });
});

describe('permutations', () => {
  const collect = (columns: string[], seed = 42): string[] =>
    Array.from(
      permutations({ rows: 50, columns, repeats: 3, seed }),
      ({ column, repeat, permutation }) => `${column} ${repeat} ${permutation.join(' ')}`,
    );

  it('are permutations, all different', () => {
    const all = collect(['a', 'b']);
    expect(new Set(all.map((line) => line.split(' ').slice(2).join(' '))).size).toBe(6);
    for (const line of all) {
      const sorted = line
        .split(' ')
        .slice(2)
        .map(Number)
        .sort((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: 50 }, (_, i) => i));
    }
  });

  it('depend on seed, column and repeat alone', () => {
    expect(collect(['b'])).toEqual(collect(['a', 'b']).slice(3));
    expect(collect(['a'])).toEqual(collect(['a']));
    expect(collect(['a'], 43)).not.toEqual(collect(['a'], 42));
  });

  it('move numbers and texts alike', () => {
    expect(permute(['x', '', 'z'], Int32Array.of(2, 0, 1))).toEqual(['z', 'x', '']);
    expect(permute(Float64Array.of(1, NaN, 3), Int32Array.of(2, 0, 1))).toEqual(Float64Array.of(3, 1, NaN));
  });

  it('refuse no repeats, and a column named twice', () => {
    expect(() => [...permutations({ rows: 1, columns: ['a'], repeats: 0, seed: 1 })]).toThrow(
      /Repeats are 0/,
    );
    expect(() => [...permutations({ rows: 1, columns: ['a', 'a'], repeats: 1, seed: 1 })]).toThrow(/twice/);
  });
});
