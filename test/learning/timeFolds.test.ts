import { describe, expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { timeFolds } from '../../learning/timeFolds.ts';

/** No row learns from its future, rows of one time stay together, and the first part is never tested. */

const shuffled = (times: number[]): Float64Array => {
  const order = Int32Array.from(times.keys());
  new Random(1).shuffle(order);
  return Float64Array.from(order, (i) => times[i]);
};
const at = (times: Float64Array, rows: Int32Array): number[] => Array.from(rows, (row) => times[row]);

const cases: [string, Float64Array][] = [
  ['every row of a time of its own', shuffled(Array.from({ length: 120 }, (_, i) => i * 1_000))],
  ['many rows of one time', shuffled(Array.from({ length: 200 }, (_, i) => Math.floor(i / 17)))],
  ['one time with most of the rows', shuffled(Array.from({ length: 100 }, (_, i) => (i < 80 ? 5 : i)))],
  [
    'negative and unknown times',
    shuffled([NaN, Infinity, -Infinity, ...Array.from({ length: 60 }, (_, i) => i - 30)]),
  ],
  ['as many times as parts', shuffled([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 5])],
];

describe.each(cases)('%s', (_, times) => {
  test.each([2, 3, 5])('in %i folds', (folds) => {
    const dealt = timeFolds(times, folds);
    expect(dealt).toHaveLength(folds);
    const tested: number[] = [];
    let before = 0;
    for (const { train, test: fold } of dealt) {
      expect(train.length).toBeGreaterThan(before); // The window expands.
      before = train.length;
      expect(fold.length).toBeGreaterThan(0);
      for (const rows of [train, fold]) expect(rows).toEqual(rows.slice().sort());
      const latest = Math.max(...at(times, train));
      const earliest = Math.min(...at(times, fold));
      expect(latest).toBeLessThan(earliest); // So no time is on both sides.
      tested.push(...fold);
      // All that is older is learned from.
      const known = times.filter((time) => Number.isFinite(time) && time < earliest);
      expect(train).toHaveLength(known.length);
    }
    expect(new Set(tested).size).toBe(tested.length);
    const known = Array.from(times.keys()).filter((row) => Number.isFinite(times[row]));
    const start = Math.min(...at(times, dealt[0].test));
    expect(tested.sort((a, b) => a - b)).toEqual(known.filter((row) => times[row] >= start));
    expect(known.some((row) => times[row] < start)).toBe(true);
  });
});

test('parts are even where the times allow it', () => {
  const sizes = (rows: number, folds: number) =>
    timeFolds(shuffled(Array.from({ length: rows }, (_, i) => i)), folds).map(({ train, test: fold }) => [
      train.length,
      fold.length,
    ]);
  expect(sizes(120, 5)).toEqual([20, 40, 60, 80, 100].map((train) => [train, 20]));
  for (const [, fold] of sizes(103, 5)) expect([17, 18]).toContain(fold);
});

test('a gap leaves out what is too close before the test part, and nothing of that part', () => {
  const times = Float64Array.from({ length: 30 }, (_, i) => i * 10);
  const [plain, gapped] = [timeFolds(times, 2), timeFolds(times, 2, 25)];
  expect(gapped.map(({ test: fold }) => fold)).toEqual(plain.map(({ test: fold }) => fold));
  expect(Math.max(...at(times, plain[0].train))).toBe(90);
  expect(Math.max(...at(times, gapped[0].train))).toBe(70); // 100 - 25 = 75
  expect(Math.max(...at(times, timeFolds(times, 2, 30)[0].train))).toBe(70); // Exactly that old is old enough.
  expect(() => timeFolds(times, 2, 101)).toThrow(/Fold 0 has nothing to learn from.*101 ms/);
});

test('rows without a time are on neither side', () => {
  const times = Float64Array.of(3, NaN, 1, 2, NaN, 4);
  expect(timeFolds(times, 2)).toEqual([
    { train: Int32Array.of(2), test: Int32Array.of(0, 3) },
    { train: Int32Array.of(0, 2, 3), test: Int32Array.of(5) },
  ]);
});

test('fewer times than parts are refused', () => {
  expect(() => timeFolds(Float64Array.of(1, 1, 2, 2, 3), 3)).toThrow(/3 distinct time\(s\).*4 parts/);
  expect(() => timeFolds(Float64Array.of(NaN, NaN), 2)).toThrow(/0 distinct/);
  expect(() => timeFolds(Float64Array.of(1, 2, 3), 1)).toThrow(RangeError);
});
