import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutRow } from '../../store/rolloutTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';
import { logged, openedRollout, openNext, type Logged } from './rolloutBench.ts';

/** What a verdict looks at, counted by hand and by the store. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const HOUR_MS = 3_600_000;
const EMPTY = { requests: 0, keys: 0, errorKeys: 0, slowKeys: 0, dueKeys: 0, labelledKeys: 0 };
const champion = (fields: Omit<Logged, 'arm'> = {}): Logged => ({ arm: 'champion', ...fields });
const challenger = (fields: Omit<Logged, 'arm'> = {}): Logged => ({ arm: 'challenger', ...fields });
const times = (n: number, record: Logged) => Array.from({ length: n }, () => record);

/** Of a stage that has been under way since long before anything was predicted. */
const stageOf = (stage: number, weight: number) => ({ stage, weight, startedAt: '2020-01-01T00:00:00Z' });
const countsOf = ({ name, number }: RolloutRow, stages = [stageOf(0, 0.1)]) =>
  store.rollouts.counts(name, number, stages);

test('the planner knows a log that was just written', async () => {
  const rollout = await openedRollout(store, 'fresh');
  await logged(store, rollout, times(2_000, champion()));
  await bench.admin.query('SELECT pg_stat_force_next_flush()');
  const analysed = async () =>
    (
      await bench.admin.query<{ tables: number }>(
        `SELECT count(*)::integer AS tables FROM pg_stat_user_tables WHERE relname LIKE 'predictions\\_%' AND coalesce(last_analyze, last_autoanalyze) IS NOT NULL`,
      )
    ).rows[0].tables;
  // Another connection may tell of what it wrote a second later.
  await expect.poll(async () => (await countsOf(rollout), analysed()), { timeout: 20_000 }).toBe(1);
});

describe('what is counted', () => {
  test('is nothing where there was no traffic', async () => {
    const rollout = await openedRollout(store, 'silent');
    const before = Date.now();
    const counts = await countsOf(rollout, [{ stage: 0, weight: 0.1, startedAt: new Date().toISOString() }]);
    expect(counts).toEqual({
      at: expect.stringMatching(/Z$/) as string,
      stageMs: expect.any(Number) as number,
      elapsedMs: counts.stageMs,
      stages: [{ stage: 0, weight: 0.1, champion: EMPTY, challenger: EMPTY }],
      dropped: 0,
    });
    expect(Date.parse(counts.at)).toBeGreaterThan(before - 60_000);
    await expect(store.rollouts.counts('silent', 2, [])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is keys, each once however many bad events it has; a request without a key is its own', async () => {
    const rollout = await openedRollout(store, 'heavy');
    await logged(store, rollout, [
      // One heavy user in all of whose 50 requests something fails: one key.
      ...times(50, champion({ keys: ['ann'], status: 500 })),
      // Another one, of whose requests one in two fails.
      ...times(5, challenger({ keys: ['bob'], status: 500 })),
      ...times(5, challenger({ keys: ['bob'] })),
      // Three requests without keys, two of which share an id that the caller gave: two keys, one of them bad.
      champion(),
      ...times(2, champion({ requestId: 'same', status: 504 })),
      // Of another rollout, of a named version, of no rollout, of a stage that is not asked for.
      champion({ rolloutId: 'rollout/heavy/2', status: 500 }),
      { arm: 'direct', status: 500 },
      champion({ rolloutId: undefined, stage: undefined, status: 500 }),
      champion({ stage: 1, status: 500 }),
    ]);
    expect((await countsOf(rollout)).stages).toEqual([
      {
        stage: 0,
        weight: 0.1,
        champion: { ...EMPTY, requests: 53, keys: 3, errorKeys: 2 },
        challenger: { ...EMPTY, requests: 10, keys: 1, errorKeys: 1 },
      },
    ]);
  });

  test('of a request with several keys is each of them, in the part that its arm answered', async () => {
    const rollout = await openedRollout(store, 'split');
    await logged(store, rollout, [
      // Rows 0 and 2 went to the champion, 1 and 3 to the challenger; a key may stand in two rows.
      champion({ requestId: 'r', rows: 2, rowIndexes: [0, 2], keys: ['a', 'c'] }),
      challenger({ requestId: 'r', rows: 2, rowIndexes: [1, 3], keys: ['b', 'b'] }),
      // One key for three rows; no key for two rows.
      champion({ rows: 3, keys: ['a'] }),
      champion({ rows: 2 }),
    ]);
    expect((await countsOf(rollout)).stages[0]).toMatchObject({
      champion: { ...EMPTY, requests: 3, keys: 3 },
      challenger: { ...EMPTY, requests: 1, keys: 1 },
    });
  });

  test('of a failed request is one bad key and no good one, however many came in it', async () => {
    const rollout = await openedRollout(store, 'batches');
    const many = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    const part = (rowIndexes: number[]) => ({
      ...{ requestId: 'shared', status: 500, rows: rowIndexes.length, rowIndexes },
      keys: rowIndexes.map((row) => `s${row}`),
    });
    await logged(store, rollout, [
      challenger({ rows: 1_000, keys: many, status: 500 }),
      // Of a request that both arms failed the part with the first row: with each weight that share is the challenger's.
      champion(part([0, 2, 3])),
      challenger(part([1, 4])),
      // What failed in a batch may be seen well by itself.
      challenger({ keys: ['k7'] }),
    ]);
    expect((await countsOf(rollout)).stages[0]).toMatchObject({
      champion: { ...EMPTY, requests: 1, keys: 1, errorKeys: 1 },
      challenger: { ...EMPTY, requests: 3, keys: 2, errorKeys: 1 },
    });
  });

  test('is told by stage, and a key counts once in the rollout: where it was seen and where it was bad first', async () => {
    const rollout = await openedRollout(store, 'staged');
    const early = Date.now() - HOUR_MS;
    await logged(store, rollout, [
      champion({ at: early, keys: ['always'], status: 500 }),
      champion({ at: early, keys: ['later'] }),
      champion({ at: early, keys: ['never'] }),
      challenger({ stage: 1, keys: ['always'], status: 500 }),
      challenger({ stage: 1, keys: ['later'], status: 500 }),
      challenger({ stage: 1, keys: ['never'] }),
      champion({ stage: 1, keys: ['new'], status: 500 }),
      // The probation: the challenger is the champion now, and still the one that is looked at.
      { arm: 'champion', version: 2, stage: 2, keys: ['new'], status: 500 },
      { arm: 'champion', version: 2, stage: 2, keys: ['newest'], status: 500 },
    ]);
    const { stages } = await countsOf(rollout, [stageOf(0, 0.1), stageOf(1, 0.5), stageOf(2, 1)]);
    expect(stages).toEqual([
      {
        stage: 0,
        weight: 0.1,
        champion: { ...EMPTY, requests: 3, keys: 3, errorKeys: 1 },
        challenger: EMPTY,
      },
      {
        stage: 1,
        weight: 0.5,
        champion: { ...EMPTY, requests: 1, keys: 1, errorKeys: 1 },
        challenger: { ...EMPTY, requests: 3, keys: 0, errorKeys: 1 },
      },
      {
        stage: 2,
        weight: 1,
        champion: EMPTY,
        challenger: { ...EMPTY, requests: 2, keys: 1, errorKeys: 1 },
      },
    ]);
  });

  test('begins with the stage: what the champion answered while gateways loaded the challenger does not count', async () => {
    const rollout = await openedRollout(store, 'prepared');
    const began = Date.now() - HOUR_MS;
    await logged(store, rollout, [champion({ at: began - 1 }), champion({ at: began }), challenger()]);
    const stage = { stage: 0, weight: 0.1, startedAt: new Date(began).toISOString() };
    const counts = await countsOf(rollout, [stage]);
    expect(counts.stages[0]).toMatchObject({ champion: { requests: 1 }, challenger: { requests: 1 } });
    expect(counts.stageMs).toBeGreaterThanOrEqual(HOUR_MS - 60_000);
  });

  test('is predictions that gateways dropped since the rollout began, also of those that have left', async () => {
    const renew = (id: string, dropped: number) =>
      store.gateways.renew({
        ...{ id, url: `http://${id}`, pid: 1, startedAt: new Date().toISOString(), dropped },
        ...{ revisions: {}, loaded: [], failed: [] },
      });
    await renew('early', 7);
    const rollout = await openedRollout(store, 'dropping');
    await renew('early', 10);
    await renew('late', 5);
    await store.gateways.remove('late');
    expect((await countsOf(rollout)).dropped).toBe(8);
  });
});

describe('slow', () => {
  const latencies = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

  test('is above the p99 of the champion in the hour before the rollout, where it answered 1,000 times', async () => {
    const before = Date.now() - HOUR_MS / 2;
    const first = await openedRollout(store, 'slow');
    await store.rollouts.close('slow', 1, { status: 'aborted', reason: 'only to have a champion' });
    const free = { rolloutId: undefined, stage: undefined };
    await logged(store, first, [
      ...latencies(1_000).map((latencyUs) => champion({ ...free, at: before, latencyUs })),
      // Too old, of another version, failed, asked for by name: none of them says how fast the champion answers.
      ...times(500, champion({ ...free, at: before - HOUR_MS, latencyUs: 9_999 })),
      ...times(500, champion({ ...free, at: before, version: 2, latencyUs: 9_999 })),
      ...times(500, champion({ ...free, at: before, status: 500, latencyUs: 9_999 })),
      ...times(500, { arm: 'direct', ...free, at: before, latencyUs: 9_999 }),
      // A part has fewer rows than a request.
      ...times(500, champion({ ...free, at: before, rowIndexes: [1], latencyUs: 9_999 })),
    ]);
    const rollout = await openNext(store, 'slow');
    await logged(store, rollout, [
      champion({ latencyUs: 990 }),
      ...times(3, champion({ keys: ['a'], latencyUs: 991 })),
      challenger({ latencyUs: 5_000 }),
      challenger({ latencyUs: 1 }),
      // A slow request is one slow key, its first row's; a part without that row is nobody's.
      challenger({ rows: 3, keys: ['d', 'e', 'f'], latencyUs: 5_000 }),
      champion({ requestId: 'shared', rowIndexes: [0], keys: ['b'], latencyUs: 5_000 }),
      challenger({ requestId: 'shared', rowIndexes: [1], keys: ['c'], latencyUs: 5_000 }),
      challenger({ requestId: 'other', rowIndexes: [0, 2], keys: ['g', 'h'], latencyUs: 5_000 }),
    ]);
    const counts = await countsOf(rollout);
    expect(counts.slowAboveUs).toBe(990);
    expect(counts.stages[0]).toMatchObject({
      champion: { keys: 3, slowKeys: 2 },
      challenger: { keys: 4, slowKeys: 3 },
    });
    expect(await store.rollouts.get('slow', 2)).toMatchObject({ slowAboveUs: 990 });
  });

  test('is said in the rollout itself otherwise, once the champion has answered 1,000 times, and then never again', async () => {
    const rollout = await openedRollout(store, 'slow-later');
    await logged(store, rollout, [
      ...latencies(999).map((latencyUs) => champion({ latencyUs })),
      ...times(50, champion({ rowIndexes: [1], latencyUs: 55_555 })),
      ...times(2_000, challenger({ latencyUs: 77_777 })),
    ]);
    const early = await countsOf(rollout);
    expect(early.slowAboveUs).toBeUndefined();
    expect(early.stages[0]).toMatchObject({ champion: { slowKeys: 0 }, challenger: { slowKeys: 0 } });
    await logged(store, rollout, [champion({ latencyUs: 1_000 })]);
    const both = await Promise.all([countsOf(rollout), countsOf(rollout)]);
    for (const { slowAboveUs } of both) expect(slowAboveUs).toBe(990);
    expect(both[0].stages[0]).toMatchObject({ champion: { slowKeys: 10 }, challenger: { slowKeys: 2_000 } });
    await logged(store, rollout, times(3_000, champion({ latencyUs: 50_000 })));
    expect((await countsOf(rollout)).slowAboveUs).toBe(990);
    const set = (us: string) =>
      bench.admin.query(`UPDATE rollouts SET slow_above_us = ${us} WHERE name = 'slow-later'`);
    await expect(set('5')).rejects.toMatchObject({ code: '23001' });
    await expect(set('NULL')).rejects.toMatchObject({ code: '23001' });
  });
});

describe('labels', () => {
  const accuracy = (labelHorizonMs: number) => ({ guards: { accuracy: { labelHorizonMs } } });

  test('count by key and by row of a request, each key once, of keys older than the horizon', async () => {
    const rollout = await openedRollout(store, 'labelled', accuracy(HOUR_MS));
    const old = { at: Date.now() - 2 * HOUR_MS };
    await logged(store, rollout, [
      champion({ ...old, keys: ['a'] }), // Labelled by its key,
      champion({ keys: ['a'] }), // and first seen long ago.
      champion({ ...old, keys: ['b'], requestId: 'of-b' }), // Labelled by its request.
      champion({ ...old, requestId: 'own' }), // Its own key; labelled twice.
      champion({ ...old, keys: ['c'] }), // Not labelled.
      champion({ keys: ['d'] }), // Labelled, and too young.
      // Labelled in the row that the challenger answered: g's, not e's.
      champion({ ...old, requestId: 'two', rows: 1, rowIndexes: [0], keys: ['e'] }),
      challenger({ ...old, requestId: 'two', rows: 2, rowIndexes: [1, 2], keys: ['f', 'g'] }),
    ]);
    await store.labels.put('labelled', [
      { key: 'a', value: true },
      { key: 'd', value: true },
      { requestId: 'of-b', value: false },
      { requestId: 'own', value: false },
      { key: 'own', value: false },
      { requestId: 'two', row: 2, value: false },
      { key: 'stranger', value: true },
    ]);
    await store.labels.put('labelled', [{ key: 'a', value: false }]);
    expect((await countsOf(rollout)).stages[0]).toMatchObject({
      champion: { keys: 6, dueKeys: 5, labelledKeys: 3 },
      challenger: { keys: 2, dueKeys: 2, labelledKeys: 1 },
    });
  });

  test('of before the rollout are the truth about earlier predictions', async () => {
    const rollout = await openedRollout(store, 'relabelled', accuracy(0));
    await store.rollouts.close('relabelled', 1, { status: 'aborted', reason: 'the next one counts' });
    await store.labels.put('relabelled', [{ key: 'a', value: true }]);
    const next = await openNext(store, 'relabelled', accuracy(0));
    await logged(store, next, [champion({ keys: ['a'], at: Date.now() - 1_000 })]);
    const labelledKeys = async () => (await countsOf(next)).stages[0].champion.labelledKeys;
    expect(rollout.number).toBe(1);
    expect(await labelledKeys()).toBe(0);
    await store.labels.put('relabelled', [{ key: 'a', value: false }]);
    expect(await labelledKeys()).toBe(1);
  });

  test('are no concern of a rollout without an accuracy guard', async () => {
    const rollout = await openedRollout(store, 'unlabelled');
    await logged(store, rollout, [champion({ keys: ['a'], at: Date.now() - HOUR_MS })]);
    await store.labels.put('unlabelled', [{ key: 'a', value: true }]);
    const counts = await countsOf(rollout);
    expect(counts.stages[0].champion).toMatchObject({ dueKeys: 0, labelledKeys: 0 });
    expect(counts).not.toHaveProperty('pairs');
  });
});
