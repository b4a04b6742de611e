import { describe, expect, test } from 'vitest';
import {
  boosting,
  choice,
  csv,
  defineLifecycle,
  forest,
  integers,
  logistic,
  logUniform,
  naiveBayes,
  tree,
  uniform,
} from '../../config/define.ts';
import type { SearchEntry } from '../../config/definition.ts';
import { draw, type Distribution } from '../../config/distributions.ts';
import { expandSearch } from '../../config/search.ts';
import { declaredCandidates } from './declared.ts';

/** What a random search draws: the same for one seed, within its bounds, each point once; and which ranges are refused. */

const define = (search: SearchEntry[], seed = 1) =>
  defineLifecycle({ name: 'drawn', sources: { rows: csv('rows.csv') }, target: 'y', search, seed });

const space = {
  leaves: integers(4, 256, { log: true }),
  learningRate: logUniform(0.01, 0.3),
  rowShare: uniform(0.5, 1),
  columnShare: choice(0.5, 0.8, 1),
  rounds: 50,
};

describe('candidates are drawn', () => {
  const points = (candidates: number, seed = 1, grid: Parameters<typeof boosting>[0] = space) =>
    declaredCandidates(define([boosting(grid, { candidates })], seed)).map(({ params }) => params);

  test('as many as are asked for, every hyperparameter within its bounds and defaults beside', () => {
    const drawn = points(200);
    expect(drawn).toHaveLength(200);
    for (const { leaves, learningRate, rowShare, columnShare, rounds, minLeaf } of drawn) {
      expect(Number.isInteger(leaves) && Number(leaves) >= 4 && Number(leaves) <= 256).toBe(true);
      expect(Number(learningRate) >= 0.01 && Number(learningRate) <= 0.3).toBe(true);
      expect(Number(rowShare) >= 0.5 && Number(rowShare) <= 1).toBe(true);
      expect([0.5, 0.8, 1]).toContain(columnShare);
      expect({ rounds, minLeaf }).toEqual({ rounds: 50, minLeaf: 20 });
    }
    expect(new Set(drawn.map((params) => JSON.stringify(params))).size).toBe(200);
    // Half of what is drawn by its logarithm lies below the geometric mean of the ends.
    const below = drawn.filter(({ learningRate }) => Number(learningRate) < Math.sqrt(0.01 * 0.3)).length;
    expect(below).toBeGreaterThan(70);
    expect(below).toBeLessThan(130);
  });

  test('the same for one seed, others for another', () => {
    expect(points(20)).toEqual(points(20));
    expect(points(20, 2)).not.toEqual(points(20));
  });

  test('so that more begin with those of fewer, and a further hyperparameter leaves the others as they are', () => {
    expect(points(40).slice(0, 15)).toEqual(points(15));
    const wider = points(15, 1, { ...space, l2: logUniform(0.1, 10) });
    expect(wider.map((params) => ({ ...params, l2: 0 }))).toEqual(points(15));
  });

  test('beside a grid, numbered in the order in which they are written', () => {
    const search = [
      tree({ maxDepth: [2, 3] }),
      forest({ minLeaf: integers(1, 50) }, { candidates: 3 }),
      logistic(),
    ];
    const all = declaredCandidates(define(search));
    expect(all.map(({ index, learner }) => `${index} ${learner}`)).toEqual([
      '0 tree',
      '1 tree',
      '2 forest',
      '3 forest',
      '4 forest',
      '5 logistic',
    ]);
  });

  test('each point once, where there are just as many', () => {
    const all = expandSearch([tree({ maxDepth: integers(1, 12) }, { candidates: 12 })], 3);
    expect(all.map(({ params }) => Number(params.maxDepth)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  test('whole numbers, both ends as often as the others', () => {
    const counts = [0, 0, 0];
    for (let seed = 0; seed < 3_000; seed++) counts[Number(draw<number>(integers(1, 3), seed)) - 1]++;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});

describe('a definition is refused that', () => {
  const wrong = (distribution: string, from: unknown, to: unknown) =>
    ({ distribution, from, to }) as Distribution;
  test.each<[string, SearchEntry, { field: string; expected: RegExp }]>([
    [
      'draws below what the learner takes',
      boosting({ leaves: integers(1, 64) }, { candidates: 5 }),
      { field: 'search[0].grid.leaves.from', expected: />=\s?2/ },
    ],
    [
      'draws above it',
      boosting({ learningRate: uniform(0.1, 2) }, { candidates: 5 }),
      { field: 'search[0].grid.learningRate.to', expected: /<=\s?1/ },
    ],
    [
      'draws a hyperparameter that there is not',
      { learner: 'boosting', grid: { leafs: integers(2, 4) }, candidates: 2 },
      { field: 'search[0].grid.leafs', expected: /spelling/ },
    ],
    [
      'draws the logarithm of 0',
      naiveBayes({ smoothing: logUniform(0, 1) }, { candidates: 2 }),
      { field: 'search[0].grid.smoothing.from', expected: /above 0/ },
    ],
    [
      'has the ends of a range the wrong way round',
      boosting({ learningRate: uniform(0.3, 0.1) }, { candidates: 2 }),
      { field: 'search[0].grid.learningRate.to', expected: /above `from`, which is 0.3/ },
    ],
    [
      'draws fractions for a whole number',
      boosting({ leaves: uniform(4, 64) }, { candidates: 2 }),
      { field: 'search[0].grid.leaves', expected: /integers\(from, to\)/ },
    ],
    [
      'draws without saying how often',
      boosting({ leaves: integers(4, 64) }),
      { field: 'search[0].grid.leaves', expected: /`candidates`/ },
    ],
    [
      'asks for more points than there are',
      tree({ maxDepth: integers(1, 3) }, { candidates: 4 }),
      { field: 'search[0].candidates', expected: /fewer candidates/ },
    ],
    [
      'asks for no candidates',
      tree({ maxDepth: integers(1, 3) }, { candidates: 0 }),
      { field: 'search[0].candidates', expected: />=\s?1/ },
    ],
    [
      'knows another distribution',
      { learner: 'tree', grid: { maxDepth: wrong('normal', 1, 2) }, candidates: 1 },
      { field: 'search[0].grid.maxDepth.distribution', expected: /./ },
    ],
    [
      'ends a range with a fraction',
      { learner: 'tree', grid: { maxDepth: wrong('integers', 1, 2.5) }, candidates: 1 },
      { field: 'search[0].grid.maxDepth.to', expected: /int/ },
    ],
  ])('%s', (_, entry, { field, expected }) => {
    expect(() => define([entry])).toThrow(
      expect.objectContaining({
        code: 'INVALID_DEFINITION',
        field,
        expected: expect.stringMatching(expected) as string,
      }),
    );
  });
});
