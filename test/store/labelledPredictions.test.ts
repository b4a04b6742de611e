import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LabelInput, LabelledPrediction, PredictionRecord } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';
import { daysOf, encoded, inputsOf, someRecord } from './someRecords.ts';

/** What a retraining reads of the log: answered rows with what was known of them at a moment, one a key. */
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
const EVER = at(1_000_000);

let segments = 0;
/** Answered `minutes` after noon. */
function append(
  ...records: (Partial<PredictionRecord> & { minutes?: number; x?: (number | string | null)[] })[]
) {
  const complete = records.map(({ minutes = 0, x, ...record }) =>
    someRecord({
      at: NOON + 60_000 * minutes,
      ...(x ? { rows: x.length, inputs: inputsOf({ x }) } : {}),
      ...record,
    }),
  );
  return store.predictions.append(`segment-${segments++}`, daysOf(complete), encoded(complete));
}

const label = (...labels: LabelInput[]) => store.labels.put('flights', labels);

async function read(until = EVER): Promise<LabelledPrediction[]> {
  const rows: LabelledPrediction[] = [];
  for await (const batch of store.predictions.labelled({ name: 'flights', until })) rows.push(...batch);
  return rows;
}

const said = (rows: LabelledPrediction[]) => rows.map(({ key, inputs, label: l }) => [key, inputs.x, l]);

describe('a key', () => {
  test('is its first answer with inputs, by whichever version, and needs a label', async () => {
    await append(
      { keys: ['a'], x: [2], minutes: 2, version: 7, arm: 'challenger' },
      { keys: ['a'], x: [1], minutes: 1, version: 9, arm: 'direct' },
      { keys: ['a'], minutes: 0 },
      { keys: ['a'], x: [0], minutes: 0, status: 500 },
      { keys: ['a'], x: [0], name: 'others' },
      { keys: ['b'], x: [5], minutes: 5 },
      { keys: ['unlabelled'], x: [9] },
    );
    await label({ key: 'b', value: true }, { key: 'a', value: 'yes' }, { key: 'never asked', value: 1 });
    expect(await read()).toEqual([
      { key: 'a', at: NOON + 60_000, inputs: { x: 1 }, label: 'yes' },
      { key: 'b', at: NOON + 300_000, inputs: { x: 5 }, label: true },
    ]);
  });

  test('stands in a request of many, in a part of one, and is a row where none was given', async () => {
    await append(
      { requestId: 'whole', keys: ['k0', 'k1', 'k2'], x: ['p', 'q', 'r'] },
      { requestId: 'part', keys: ['k4', 'k6'], rowIndexes: [4, 6], x: ['s', 't'], minutes: 1 },
      { requestId: 'plain', x: ['u', 'v'], minutes: 2 },
    );
    await label(
      { key: 'k2', value: 1 },
      { key: 'k0', value: 2 },
      { requestId: 'part', row: 6, value: 3 },
      { requestId: 'plain', row: 1, value: 4 },
    );
    expect(said(await read())).toEqual([
      ['k0', 'p', 2],
      ['k2', 'r', 1],
      ['k6', 't', 3],
      ['plain/1', 'v', 4],
    ]);
  });

  test('is labelled by its own label before that of a request', async () => {
    await append({ requestId: 'r', keys: ['a'], x: [1] });
    await label({ requestId: 'r', value: 'of the request' }, { key: 'a', value: 'of the key' });
    expect(said(await read())).toEqual([['a', 1, 'of the key']]);
  });
});

describe('at a moment', () => {
  test('only what was answered and observed by then is known, and a label as it was before its correction', async () => {
    await append({ keys: ['a'], x: [1], minutes: 1 }, { keys: ['b'], x: [2], minutes: 20 });
    await label(
      { key: 'a', value: 'early', observedAt: at(5) },
      { key: 'b', value: 'late', observedAt: at(5) },
    );
    await label({ key: 'a', value: 'corrected', observedAt: at(10) });
    expect(said(await read(at(4)))).toEqual([]);
    expect(said(await read(at(5)))).toEqual([['a', 1, 'early']]);
    expect(said(await read(at(9.99)))).toEqual([['a', 1, 'early']]);
    expect(said(await read(at(10)))).toEqual([['a', 1, 'corrected']]);
    expect(said(await read(at(20)))).toEqual([
      ['a', 1, 'corrected'],
      ['b', 2, 'late'],
    ]);
  });
});

describe('a large log', () => {
  test('comes in batches and in one order, however it was appended', async () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
    const padding = 'x'.repeat(2_000);
    const records = keys.map((key, i) => ({
      keys: [key],
      minutes: (i * 7919) % 5_000,
      rows: 1,
      inputs: inputsOf({ x: [i], padding: [padding] }),
    }));
    await append(...records.slice(2_500));
    await append(...records.slice(0, 2_500));
    await label(...keys.map((key) => ({ key, value: 1 })));
    let batches = 0;
    const times: number[] = [];
    for await (const batch of store.predictions.labelled({ name: 'flights', until: EVER })) {
      batches++;
      expect(batch.length).toBeLessThanOrEqual(4_000);
      times.push(...batch.map((row) => row.at));
    }
    expect(batches).toBeGreaterThan(2);
    expect(times).toHaveLength(5_000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('is left half-way without a trace: by whoever has enough, and by an abort', async () => {
    const x = [1];
    await append(...Array.from({ length: 50 }, (_, i) => ({ keys: [`k${i}`], x })));
    await label(...Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: 1 })));
    for await (const batch of store.predictions.labelled({ name: 'flights', until: EVER })) {
      expect(batch).toHaveLength(16);
      break;
    }
    const stop = new AbortController();
    const reading = store.predictions.labelled({ name: 'flights', until: EVER }, { signal: stop.signal });
    await reading.next();
    stop.abort(new Error('enough'));
    await expect(reading.next()).rejects.toThrow('enough');
    await bench.untilQuiet();
    expect(await read()).toHaveLength(50);
  });

  test('of long requests is read few at a time, and each of them once', async () => {
    const rows = 2_000;
    const records = Array.from({ length: 6 }, (_, r) => ({
      requestId: `r${r}`,
      minutes: r,
      rows,
      keys: Array.from({ length: rows }, (_row, i) => `${r}/${i}`),
      inputs: inputsOf({
        x: Array.from({ length: rows }, (_row, i) => i),
        text: Array.from({ length: rows }, () => 'y'.repeat(1_500)),
      }),
    }));
    await append(...records);
    await label(...records.flatMap(({ keys }) => keys.map((key) => ({ key, value: 0 }))));
    const found = await read();
    expect(found).toHaveLength(6 * rows);
    expect(found.every(({ key, inputs }) => key.endsWith(`/${inputs.x}`))).toBe(true);
  });
});
