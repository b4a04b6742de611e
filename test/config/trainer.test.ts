import { expect, test } from 'vitest';
import { csv, defineLifecycle, external, logistic } from '../../config/define.ts';
import type { SearchEntry } from '../../config/definition.ts';
import { expandSearch } from '../../config/search.ts';

/** What a definition says of a trainer of one's own, before that is asked anything. */

const lightgbm = (grid = {}, taskQueue = 'trainer-python'): SearchEntry =>
  external({ taskQueue, learner: 'lightgbm', grid });

const defined = (search: SearchEntry[], more = {}) =>
  defineLifecycle({ ...{ name: 'a', sources: { a: csv('a.csv') }, target: 'y', search }, ...more });

test('its candidates have its name before their own, and its hyperparameters as they are written', () => {
  const { search } = defined([logistic(), lightgbm({ num_leaves: [7, 15] })]);
  if (search === 'auto') throw new Error('The search is a list.');
  const trainer = { taskQueue: 'trainer-python', startWithinMs: 60_000, learner: 'lightgbm' };
  expect(expandSearch(search, 1).slice(1)).toEqual([
    { index: 1, learner: 'trainer-python/lightgbm', params: { num_leaves: 7 }, trainer },
    { index: 2, learner: 'trainer-python/lightgbm', params: { num_leaves: 15 }, trainer },
  ]);
});

test.each([
  ['perennial-trainer', /taskQueue.*not with `perennial-`/],
  ['a queue', /taskQueue.*letters, digits/],
])('the task queue "%s" is refused', (taskQueue, message) => {
  expect(() => defined([lightgbm({}, taskQueue)])).toThrow(message);
});

test('its name of a learner is one', () => {
  const entry = external({ taskQueue: 'mine', learner: 'a/b' });
  expect(() => defined([entry])).toThrow(/search\[0\].learner is "a\/b"/);
});

test('halving by rounds is refused where its hyperparameters name none, and by rows is not', () => {
  const search = [lightgbm({ n_estimators: [30] })];
  expect(() => defined(search, { halving: { resource: 'rounds', minimum: 5 } })).toThrow(
    /`rows`, as trainer-python\/lightgbm has neither rounds nor trees/,
  );
  expect(defined(search, { halving: { resource: 'rows', minimum: 50 } }).halving?.resource).toBe('rows');
});
