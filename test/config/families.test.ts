import { describe, expect, test } from 'vitest';
import { boosting, extraTrees, forest, logistic, naiveBayes, neighbors, ridge } from '../../config/define.ts';
import { familiesOf, firstOfFamily } from '../../config/families.ts';
import { expandSearch } from '../../config/search.ts';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';

/** Candidates that differ only in what their learner's family names are one family, wherever they stand. */

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

  test('are what a learner says that its candidates share, also in several hyperparameters', () => {
    const candidates = expandSearch(
      [
        neighbors({ k: [3, 5], weights: ['uniform', 'distance'] }),
        naiveBayes({ smoothing: [1e-9, 0.1], classWeight: [null, 'balanced'] }),
        logistic({ l2: [0.1, 1] }),
        ridge({ l2: [0.1, 1] }),
      ],
      1,
    );
    expect(familiesOf(candidates)).toEqual([
      [0, 1, 2, 3],
      [4, 5],
      [6, 7],
      [10, 11],
    ]);
  });

  test('are cut by the bytes of their hyperparameters, which their answer repeats', () => {
    // 300 directions are some 8 KB, in every one of the answers.
    const names = Array.from({ length: 300 }, (_, i) => [`column_${i}`, 'increasing'] as const);
    const rounds = Array.from({ length: 32 }, (_, i) => i + 1);
    const candidates = expandSearch([boosting({ rounds, monotone: Object.fromEntries(names) })], 1);
    const families = familiesOf(candidates);
    expect(families.flat()).toHaveLength(32);
    for (const members of families) {
      const answers = members.map((index) => ({
        ...{ status: 'done', mean: 0.123456789012345, std: 0.0123456789012345 },
        ...candidates[index],
      }));
      expect(JSON.stringify(answers).length).toBeLessThan(MAX_PAYLOAD_BYTES);
    }
    expect(Math.max(...families.map(({ length }) => length))).toBeGreaterThan(1);
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
