import { describe, expect, test } from 'vitest';
import { boosting, extraTrees, forest, logistic } from '../../config/define.ts';
import { familiesOf, firstOfFamily } from '../../config/families.ts';
import { expandSearch } from '../../config/search.ts';

/** Candidates that differ only in how many trees or rounds they have are one family, wherever they stand. */

describe('families', () => {
  test('are of one learner and of the same other hyperparameters', () => {
    const candidates = expandSearch(
      [
        logistic({ l2: [0.1, 1] }),
        forest({ trees: [10, 20], maxDepth: [3, 4] }),
        extraTrees({ trees: [10, 20], maxDepth: 3 }),
        forest({ trees: 30, maxDepth: 4 }),
      ],
      1,
    );
    expect(familiesOf(candidates)).toEqual([
      [2, 3],
      [4, 5, 8],
      [6, 7],
    ]);
    expect(candidates.map(({ index }) => firstOfFamily(candidates, index))).toEqual([
      0, 1, 2, 2, 4, 4, 6, 6, 4,
    ]);
  });

  test('need not stand side by side', () => {
    const candidates = expandSearch([boosting({ rounds: [10, 20], rowShare: [0.5, 1] })], 1);
    expect(familiesOf(candidates)).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  test('are none where a budget bounds a candidate, though seeds are those of the family', () => {
    const candidates = expandSearch([forest({ trees: [10, 20] })], 1);
    expect(familiesOf(candidates, { candidateMs: 60_000 })).toEqual([]);
    expect(firstOfFamily(candidates, 1)).toBe(0);
  });

  test('are cut, so that a workflow can be told of them', () => {
    const sizes = Array.from({ length: 70 }, (_, i) => i + 1);
    const one = familiesOf(expandSearch([forest({ trees: sizes })], 1));
    expect(one.map(({ length }) => length)).toEqual([32, 32, 6]);
    const many = familiesOf(expandSearch([forest({ trees: sizes, minLeaf: sizes })], 1));
    expect(many.flat().length).toBeLessThanOrEqual(2_000);
    expect(JSON.stringify(many).length).toBeLessThan(16_384);
    expect(many.every((members) => members.length > 1)).toBe(true);
  });
});
