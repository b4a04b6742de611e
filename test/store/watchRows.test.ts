import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedRow, WatchStore } from '../../store/lifecycleTypes.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';
import { daysOf, encoded, inputsOf, someRecord } from './someRecords.ts';

/** What the watch reads of the log: of each key its first answer in the window, with what was known of it until then. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
  await registerVersions(store, 'flights', 1);
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.admin.query(
    `SET session_replication_role TO replica; TRUNCATE predictions, prediction_segments, labels; RESET session_replication_role`,
  );
});

const NOON = Date.UTC(2026, 7, 1, 12);
const at = (minutes: number) => new Date(NOON + 60_000 * minutes).toISOString();

let segments = 0;
function append(
  ...records: (Partial<PredictionRecord> & { minutes?: number; x?: (number | string | null)[] })[]
) {
  const complete = records.map(({ minutes = 0, x, ...record }) =>
    someRecord({
      at: NOON + 60_000 * minutes,
      version: 1,
      ...(x ? { rows: x.length, inputs: inputsOf({ x }) } : {}),
      ...record,
    }),
  );
  return store.predictions.append(`segment-${segments++}`, daysOf(complete), encoded(complete));
}

const WINDOW = { name: 'flights', version: 1, from: at(0), to: at(60), labelsUntil: at(60), limit: 1_000 };

async function read(what: Partial<Parameters<WatchStore['rows']>[0]> = {}): Promise<WatchedRow[]> {
  const rows: WatchedRow[] = [];
  for await (const batch of store.watch.rows({ ...WINDOW, ...what })) rows.push(...batch);
  return rows;
}

const keys = () => store.watch.countKeys('flights', 1, WINDOW.from, WINDOW.to);

describe('a key', () => {
  test('is its first answer by the version in the window, and is counted once', async () => {
    await append(
      { keys: ['a'], x: [2], minutes: 2 },
      { keys: ['a'], x: [1], minutes: 1, arm: 'challenger', outputs: Float32Array.of(0.1) },
      { keys: ['a'], x: [0], minutes: -1 },
      { keys: ['a'], x: [0], minutes: 0, status: 500 },
      { keys: ['a'], x: [0], minutes: 0, arm: 'direct' },
      { keys: ['a'], x: [0], minutes: 0, version: 2 },
      { keys: ['a'], x: [0], minutes: 0, name: 'others' },
      { keys: ['b'], x: [3], minutes: 60 },
    );
    expect(await read()).toEqual([
      { key: 'a', place: 1, at: at(1), inputs: { x: 1 }, outputs: [Math.fround(0.1)] },
    ]);
    expect(await keys()).toBe(1);
  });

  test('stands in a request of many, in a part of one, and is a row where none was given', async () => {
    await append(
      { requestId: 'whole', keys: ['k0', 'k1'], x: ['p\u0000', ''], outputs: Float32Array.of(1, 2, 3, 4) },
      { requestId: 'part', keys: ['k4', 'k6'], rowIndexes: [4, 6], x: ['s', 't'], minutes: 1 },
      { requestId: 'plain', x: ['u', 'v'], minutes: 2, outputs: Float32Array.of(5, 6) },
    );
    await store.labels.put('flights', [
      { requestId: 'part', row: 6, value: 'seen', observedAt: at(3) },
      { requestId: 'plain', row: 1, value: false, observedAt: at(3) },
    ]);
    const rows = await read();
    expect(rows.map(({ key, inputs, outputs, label }) => [key, inputs?.x, outputs, label])).toEqual([
      ['k0', 'p\u0000', [1, 2], undefined],
      ['k1', '', [3, 4], undefined],
      ['k4', 's', undefined, undefined],
      ['k6', 't', undefined, 'seen'],
      ['plain/0', 'u', [5], undefined],
      ['plain/1', 'v', [6], false],
    ]);
    expect(rows.map(({ place }) => place).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await keys()).toBe(6);
  });

  test('is read without inputs where none were logged', async () => {
    await append({ keys: ['a'] });
    expect(await read()).toEqual([{ key: 'a', place: 1, at: at(0) }]);
  });
});

describe('a label', () => {
  test('is the last one that was observed by then, also where it was corrected since', async () => {
    await append({ keys: ['a'], x: [1] });
    const put = (value: number, minutes: number) =>
      store.labels.put('flights', [{ key: 'a', value, observedAt: at(minutes) }]);
    await put(1, 10);
    await put(2, 20);
    await put(3, 90);
    const labelAt = async (minutes: number) => (await read({ labelsUntil: at(minutes) }))[0].label;
    expect([await labelAt(5), await labelAt(15), await labelAt(60), await labelAt(90)]).toEqual([
      undefined,
      1,
      2,
      3,
    ]);
  });

  test('of the key goes before one of its request', async () => {
    await append({ requestId: 'r', keys: ['a'], x: [1] });
    await store.labels.put('flights', [{ requestId: 'r', value: 'row', observedAt: at(1) }]);
    expect((await read())[0].label).toBe('row');
    await store.labels.put('flights', [{ key: 'a', value: 'key', observedAt: at(2) }]);
    expect((await read())[0].label).toBe('key');
  });

  test('can be asked for: then only rows that have one count, up to the limit', async () => {
    await append(...Array.from({ length: 40 }, (_, i) => ({ keys: [`k${i}`], x: [i] })));
    await store.labels.put(
      'flights',
      Array.from({ length: 10 }, (_, i) => ({ key: `k${4 * i}`, value: i, observedAt: at(1) })),
    );
    const all = await read({ labelled: true });
    expect(all.map(({ label }) => label).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const some = await read({ labelled: true, limit: 4 });
    const lowest = all.filter(({ place }) => place <= 4).map(({ key }) => key);
    expect(some.map(({ key }) => key)).toEqual(lowest);
  });
});

describe('over the limit', () => {
  test('those whose keys hash lowest are read, the same every time, whatever else is asked', async () => {
    await append(...Array.from({ length: 500 }, (_, i) => ({ keys: [`k${i}`], x: [i], minutes: i / 10 })));
    const all = await read();
    const some = await read({ limit: 100 });
    expect(some).toEqual(all.filter(({ place }) => place <= 100));
    expect(await read({ limit: 100 })).toEqual(some);
    // No part of the window is preferred.
    expect(some.filter(({ at: time }) => time < at(25)).length).toBeGreaterThan(30);
    expect(await keys()).toBe(500);
  });

  test('a window of a large request and many small ones comes in pieces', async () => {
    const long = 'x'.repeat(2_000);
    await append(
      { requestId: 'large', x: Array.from({ length: 3_000 }, () => long) },
      ...Array.from({ length: 4_000 }, (_, i) => ({ keys: [`k${i}`], x: [i], minutes: 1 })),
    );
    const sizes: number[] = [];
    for await (const batch of store.watch.rows({ ...WINDOW, limit: 10_000 })) sizes.push(batch.length);
    expect(sizes.reduce((a, b) => a + b)).toBe(7_000);
    expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(2_000);
  });

  test('a window locks its own day of the log, however many there are', async () => {
    for (const day of [0, 1, 2, 3]) await append({ keys: ['a'], x: [day], minutes: day * 24 * 60 });
    let locked: unknown[] = [];
    for await (const batch of store.watch.rows(WINDOW)) {
      expect(batch).toHaveLength(1);
      ({ rows: locked } = await bench.admin.query(
        `SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation
         WHERE pid <> pg_backend_pid() AND relkind = 'r' AND relname LIKE 'predictions\\_%'`,
      ));
    }
    expect(locked).toEqual([{ relname: 'predictions_20260801' }]);
  });

  test('whoever stops half-way, or aborts, gives the connection back', async () => {
    await append(...Array.from({ length: 100 }, (_, i) => ({ keys: [`k${i}`], x: [i] })));
    for await (const batch of store.watch.rows(WINDOW)) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await expect(
      store.watch.rows(WINDOW, { signal: AbortSignal.abort(new Error('enough')) }).next(),
    ).rejects.toThrow('enough');
    for (let i = 0; i < 20; i++) expect(await read({ limit: 1 })).toHaveLength(1);
  });
});
