import { expect, test } from 'vitest';
import { nestedRows } from '../../learning/nested.ts';
import { Random } from '../../learning/rng.ts';

/** What a candidate of successive halving learns from on a rung: a part of what it learns from on the next one. */

const random = new Random(5);
// 3 of 1,000 rows are of the rare class.
const y = Float64Array.from({ length: 1_000 }, (_, row) => (row % 400 === 7 ? 2 : random.below(2)));
const rows = Int32Array.from({ length: 800 }, (_, i) => i + 100);

test('a smaller share lies within a larger one, ascending, with as many rows as its share says', () => {
  for (const classes of [1, 3]) {
    let before = new Set<number>();
    for (const share of [0.01, 1 / 27, 1 / 9, 1 / 3, 1]) {
      const some = nestedRows(rows, { y, classes }, share, 4);
      expect(some).toHaveLength(Math.round(800 * share));
      expect(Array.from(some)).toEqual([...new Set(some)].sort((a, b) => a - b));
      for (const row of before) expect(some).toContain(row);
      for (const row of some) expect(row >= 100 && row < 900).toBe(true);
      before = new Set(some);
    }
  }
});

test('every class is there as often as its share says, the rare one at least once', () => {
  const of = (list: Int32Array, index: number) => list.filter((row) => y[row] === index).length;
  for (const share of [0.01, 0.1, 0.5]) {
    const some = nestedRows(rows, { y, classes: 3 }, share, 4);
    for (const index of [0, 1])
      expect(Math.abs(of(some, index) - share * of(rows, index))).toBeLessThanOrEqual(2);
    expect(of(some, 2)).toBeGreaterThanOrEqual(1);
  }
  expect(nestedRows(rows, { y, classes: 3 }, 1e-6, 4)).toHaveLength(3);
});

test('another seed draws other rows', () => {
  const draw = (seed: number) => nestedRows(rows, { y, classes: 3 }, 0.2, seed);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});
