import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { csv, forest, integers, tree } from '../../config/define.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { LONG_SEARCH, small } from './definitions.ts';

/** A search that ends by the clock: what was tried stands in the run, and a version comes of it all the same. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test('who declares no search gets one: several algorithms, the cheapest first, within its time', async () => {
  const definition = small(bench, { name: 'target-alone', search: undefined, budget: { searchMs: 12_000 } });
  expect(definition.search).toBe('auto');
  const handle = await bench.client.train(definition);
  expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
  const { name, run } = handle;
  const { candidates } = await bench.client.run(name, run);
  expect(candidates.slice(0, 3).map(({ learner }) => learner)).toEqual(['logistic', 'boosting', 'forest']);
  expect(candidates.filter(({ status }) => status === 'done').length).toBeGreaterThanOrEqual(3);
  const { stages, candidates: counted } = await handle.progress();
  expect(counted?.total).toBeGreaterThan(60);
  const note = stages.find(({ stage }) => stage === 'search')?.note;
  if (candidates.length < (counted?.total ?? 0)) expect(note).toContain('untried, the time was over');
  expect((await bench.client.model(name)).cv?.mean).toBeGreaterThan(0.95);
});

test('when its time is over a search begins no more, ends what is under way and keeps what it has', async () => {
  const handle = await bench.client.train(
    small(bench, {
      name: 'over',
      search: [tree(), ...LONG_SEARCH.search],
      select: LONG_SEARCH.select,
      budget: { searchMs: 4_000 },
    }),
  );
  expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
  const { candidates } = await bench.client.run(handle.name, handle.run);
  expect(candidates.length).toBeLessThan(61);
  expect(candidates[0]).toMatchObject({ learner: 'tree', status: 'done' });
  const late = candidates.filter(({ status }) => status === 'timed-out');
  expect(late.length).toBeGreaterThanOrEqual(1);
  for (const { reason } of late) expect(reason).toBe('the time of the search was over (budget.searchMs)');
});

test('a first candidate that takes longer than the search has is carried through', async () => {
  const handle = await bench.client.train(
    small(bench, {
      name: 'first',
      sources: { parcels: csv(bench.write('first-parcels.csv', smallCsv({ rows: 1_000 }))) },
      search: [forest({ trees: 1_000, minLeaf: [1, 2, 3] })],
      select: { folds: 20 },
      parallelism: 1,
      budget: { searchMs: 1_000 },
    }),
  );
  expect(await handle.result()).toMatchObject({ outcome: 'registered' });
  const { candidates } = await bench.client.run(handle.name, handle.run);
  expect(candidates.map(({ index, status }) => `${index} ${status}`)).toEqual(['0 done']);
});

test('successive halving whose time is over gives the best so far all rows', async () => {
  const handle = await bench.client.train(
    small(bench, {
      name: 'halved-over',
      sources: { parcels: csv(bench.write('halved-over-parcels.csv', smallCsv({ rows: 1_500 }))) },
      search: [forest({ trees: 300, minLeaf: integers(1, 60) }, { candidates: 50 })],
      select: { folds: 10 },
      halving: { resource: 'rows', minimum: 50 },
      budget: { searchMs: 5_000 },
    }),
  );
  expect(await handle.result()).toMatchObject({ outcome: 'registered' });
  const { candidates } = await bench.client.run(handle.name, handle.run);
  const full = candidates.filter(({ status }) => status === 'done');
  expect(full.length).toBeGreaterThanOrEqual(1);
  const stopped = candidates.filter(({ status }) => status === 'stopped');
  for (const { reason } of stopped) expect(reason).toMatch(/when the time was over/);
  expect(candidates.length).toBeLessThan(50);
});
