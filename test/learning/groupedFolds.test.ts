import { expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { groupedFolds } from '../../learning/split.ts';

/** A group is on one side, every row is tested once, and folds are as even as the largest group first makes them. */

/** Of uneven sizes; group 7 is not there. */
const groups = (() => {
  const random = new Random(3);
  return Int32Array.from({ length: 500 }, () => {
    const drawn = Math.floor(40 * random.unit() ** 2);
    return drawn === 7 ? 8 : drawn;
  });
})();

test.each([2, 3, 5, 11, 20])('%i folds hold every row once, ascending, and no group twice', (folds) => {
  const dealt = groupedFolds(groups, folds, 1);
  expect(dealt).toHaveLength(folds);
  const rows = dealt.flatMap((fold) => Array.from(fold));
  expect(rows.sort((a, b) => a - b)).toEqual(Array.from(groups.keys()));
  for (const fold of dealt) {
    expect(fold.length).toBeGreaterThan(0);
    expect(Array.from(fold)).toEqual(Array.from(fold).sort((a, b) => a - b));
  }
  const foldsOfGroup = new Map<number, Set<number>>();
  dealt.forEach((fold, k) => {
    for (const row of fold)
      foldsOfGroup.set(groups[row], (foldsOfGroup.get(groups[row]) ?? new Set()).add(k));
  });
  for (const where of foldsOfGroup.values()) expect(where.size).toBe(1);
});

test('the largest group goes first, and each to the fold that has fewest rows', () => {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const loads = [0, 0, 0, 0];
  for (const size of [...sizes.values()].sort((a, b) => b - a))
    loads[loads.indexOf(Math.min(...loads))] += size;
  const found = groupedFolds(groups, 4, 9).map((fold) => fold.length);
  expect(found.sort((a, b) => a - b)).toEqual(loads.sort((a, b) => a - b));
  expect(groupedFolds(Int32Array.of(2, 0, 0, 0, 0, 1, 2), 2, 1)).toEqual([
    Int32Array.of(1, 2, 3, 4),
    Int32Array.of(0, 5, 6),
  ]);
});

test('among groups of one size the seed decides, and the same seed decides the same', () => {
  const even = Int32Array.from({ length: 60 }, (_, row) => row % 20);
  expect(groupedFolds(even, 4, 1)).toEqual(groupedFolds(even, 4, 1));
  expect(groupedFolds(even, 4, 2)).not.toEqual(groupedFolds(even, 4, 1));
});

test('fewer groups than folds are refused', () => {
  expect(() => groupedFolds(Int32Array.of(0, 1, 0, 1, 5), 4, 1)).toThrow(/3 group\(s\).*4 folds/);
  expect(() => groupedFolds(Int32Array.of(0, 1), 1, 1)).toThrow(RangeError);
  expect(groupedFolds(Int32Array.of(0, 5), 2, 1)).toHaveLength(2);
});
