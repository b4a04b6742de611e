import { describe, expect, test } from 'vitest';
import {
  boosting,
  csv,
  defineLifecycle,
  forest,
  impute,
  integers,
  logistic,
  type LifecycleInput,
} from '../../config/define.ts';
import { candidatesOf, searchMsOf } from '../../config/portfolio.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import type { Task } from '../../learning/types.ts';

/** The search of somebody who declares none, and what successive halving takes. */

const define = (more: Partial<LifecycleInput> = {}) =>
  defineLifecycle({ name: 'auto', sources: { rows: csv('rows.csv') }, target: 'y', ...more });

describe('without a search', () => {
  const of = (task: Task, rows: number, columns: number, seed = 1) =>
    candidatesOf(define({ seed }), { task, rows, columns });

  test('it is automatic, for five minutes unless the budget says otherwise; a declared one has all its time', () => {
    expect(define().search).toBe('auto');
    expect(searchMsOf(define())).toBe(300_000);
    expect(searchMsOf(define({ budget: { searchMs: 20_000 } }))).toBe(20_000);
    expect(searchMsOf(define({ search: [forest()] }))).toBeUndefined();
  });

  test('the learners are those that can have the rows: their weights, and what is missing in them', () => {
    const names = (more: Partial<LifecycleInput>) => {
      const candidates = candidatesOf(define(more), { task: 'regression', rows: 1_000, columns: 10 });
      expect(candidates.map(({ index }) => index)).toEqual(candidates.map((_, i) => i));
      return [...new Set(candidates.map(({ learner }) => learner))];
    };
    expect(names({ weight: 'w' })).toEqual(['ridge', 'boosting', 'forest', 'extraTrees']);
    expect(names({ features: [impute('x', { strategy: 'none' })] })).toEqual([
      'boosting',
      'forest',
      'extraTrees',
    ]);
  });

  test.each<[Task, string[]]>([
    ['binary', ['logistic', 'boosting', 'forest', 'extraTrees', 'neighbors']],
    ['multiclass', ['logistic', 'boosting', 'forest', 'extraTrees', 'neighbors']],
    ['regression', ['ridge', 'boosting', 'forest', 'extraTrees', 'neighbors']],
  ])('of a %s target every algorithm comes once, then draws; each learner takes the task', (task, first) => {
    const candidates = of(task, 1_000, 10);
    expect(candidates.slice(0, first.length).map(({ learner }) => learner)).toEqual(first);
    expect(candidates.map(({ index }) => index)).toEqual(candidates.map((_, i) => i));
    for (const { learner, params } of candidates) {
      expect(shelf.get(learner)?.tasks).toContain(task);
      expect(shelf.get(learner)?.params.parse(params)).toEqual(params);
    }
    expect(new Set(candidates.map(({ learner, params }) => learner + JSON.stringify(params))).size).toBe(
      candidates.length,
    );
    expect(candidates.length).toBeGreaterThan(60);
  });

  test('neighbours are left out where the data is large', () => {
    expect(of('binary', 200_000, 20).map(({ learner }) => learner)).not.toContain('neighbors');
  });

  test('the seed decides the draws', () => {
    expect(of('binary', 1_000, 10, 1)).toEqual(of('binary', 1_000, 10, 1));
    expect(of('binary', 1_000, 10, 2)).not.toEqual(of('binary', 1_000, 10, 1));
  });
});

describe('successive halving', () => {
  test('has defaults, and the hash of a definition without it does not know it', () => {
    expect(define({ halving: { resource: 'rows' } }).halving).toEqual({
      ...{ resource: 'rows', minimum: 500, reduction: 3, window: 8 },
    });
    expect('halving' in define()).toBe(false);
  });

  test.each<[string, Partial<LifecycleInput>, string, RegExp]>([
    [
      'rounds of what has none',
      { search: [boosting(), logistic()], halving: { resource: 'rounds' } },
      'halving.resource',
      /logistic has neither rounds nor trees/,
    ],
    ['rounds of the automatic search', { halving: { resource: 'rounds' } }, 'halving.resource', /`rows`/],
    [
      'more candidates than a workflow may carry',
      {
        search: [forest({ minLeaf: integers(1, 10_000) }, { candidates: 401 })],
        halving: { resource: 'rows' },
      },
      'search',
      /at most 400/,
    ],
    ['a reduction of 1', { halving: { resource: 'rows', reduction: 1 } }, 'halving.reduction', />=\s?2/],
    ['too few rows', { halving: { resource: 'rows', minimum: 5 } }, 'halving.minimum', />=\s?50/],
    ['another resource', { halving: { resource: 'time' } as never }, 'halving.resource', /./],
  ])('is refused with %s', (_, more, field, expected) => {
    expect(() => define(more)).toThrow(
      expect.objectContaining({
        code: 'INVALID_DEFINITION',
        field,
        expected: expect.stringMatching(expected) as string,
      }),
    );
  });
});
