import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LabelInput } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, type Bench } from './fixtures.ts';

/** Labels are told as often as their sender likes; what is known is the last value, and what was thought before. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

let models = 0;
async function someModel(): Promise<string> {
  const name = `model-${models++}`;
  await bench.admin.query(`INSERT INTO lifecycles (name) VALUES ($1)`, [name]);
  return name;
}

const current = async (name: string) =>
  (
    await bench.admin.query<Record<string, unknown>>(
      `SELECT coalesce(key, request_id || '/' || row_index) AS subject, value, revision
       FROM current_labels WHERE name = $1 ORDER BY 1`,
      [name],
    )
  ).rows;

describe('a label', () => {
  test('of a key or of a row of a request is new, then unchanged, then corrected, with its history', async () => {
    const name = await someModel();
    const put = (value: LabelInput['value'], observedAt?: string) =>
      store.labels.put(name, [
        { key: 'k', value, observedAt },
        { requestId: 'r', value, observedAt },
        { requestId: 'r', row: 1, value, observedAt },
      ]);
    expect(await put('late', '2026-08-01T10:00:00Z')).toEqual({ accepted: 3, unchanged: 0, corrected: 0 });
    expect(await put('late', '2026-08-02T10:00:00Z')).toEqual({ accepted: 0, unchanged: 3, corrected: 0 });
    expect(await put('on time', '2026-08-03T10:00:00Z')).toEqual({ accepted: 0, unchanged: 0, corrected: 3 });
    expect(await put('late', '2026-08-04T10:00:00Z')).toEqual({ accepted: 0, unchanged: 0, corrected: 3 });
    const told = [
      { value: 'late', observedAt: '2026-08-04T10:00:00.000Z', revision: 3 },
      { value: 'on time', observedAt: '2026-08-03T10:00:00.000Z', revision: 2 },
      { value: 'late', observedAt: '2026-08-01T10:00:00.000Z', revision: 1 },
    ];
    expect(await store.labels.history(name, { key: 'k' })).toMatchObject(told);
    expect(await store.labels.history(name, { requestId: 'r' })).toMatchObject(told);
    const history = await store.labels.history(name, { requestId: 'r', row: 1 });
    expect(history).toEqual(
      told.map((label) => ({ ...label, requestId: 'r', row: 1, receivedAt: expect.any(String) as string })),
    );
    const received = history.map(({ receivedAt }) => receivedAt);
    expect(received).toEqual([...received].sort().reverse());
    expect(await current(name)).toEqual(
      ['k', 'r/0', 'r/1'].map((subject) => ({ subject, value: 'late', revision: 3 })),
    );
    expect(await store.labels.history(await someModel(), { key: 'k' })).toEqual([]);
  });

  test('is of any scalar; the number 1, the text "1" and true differ', async () => {
    const name = await someModel();
    const values = [1, '1', true, 0.1, -1e300, '', 'a\0b ✈', false];
    for (const value of values) await store.labels.put(name, [{ key: 'k', value }]);
    const history = await store.labels.history(name, { key: 'k' });
    expect(history.map(({ value }) => value).reverse()).toEqual(
      values.map((value) => (value === 'a\0b ✈' ? 'a\uFFFDb ✈' : value)),
    );
  });

  test('without a time was observed now', async () => {
    const name = await someModel();
    await store.labels.put(name, [{ key: 'k', value: 1 }]);
    const { rows } = await bench.admin.query(
      `SELECT observed_at BETWEEN now() - interval '1 minute' AND now() AS now FROM labels WHERE name = $1`,
      [name],
    );
    expect(rows).toEqual([{ now: true }]);
  });

  test('has one subject, and a model', async () => {
    const name = await someModel();
    const neither: LabelInput[] = [{ key: 'k', value: 1 }, { value: 1 }];
    const both: LabelInput[] = [{ key: 'k', requestId: 'r', value: 1 }];
    for (const labels of [neither, both]) {
      await expect(store.labels.put(name, labels)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        field: `labels[${labels.length - 1}]`,
      });
    }
    expect(await current(name)).toEqual([]);
    await expect(store.labels.put('nobody', [{ key: 'k', value: 1 }])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'name',
      value: 'nobody',
    });
  });

  test('once kept is final', async () => {
    const name = await someModel();
    await store.labels.put(name, [{ key: 'k', value: 1 }]);
    await expect(bench.admin.query(`UPDATE labels SET value = '2'`)).rejects.toMatchObject({ code: '23001' });
    await expect(bench.admin.query(`DELETE FROM labels`)).rejects.toMatchObject({ code: '23001' });
  });
});

describe('many labels', () => {
  test('are kept at once, and sent again change nothing', async () => {
    const name = await someModel();
    const labels = Array.from({ length: 10_000 }, (_, i): LabelInput => ({
      key: `k${i}`,
      value: i % 2 === 0,
    }));
    expect(await store.labels.put(name, labels)).toEqual({ accepted: 10_000, unchanged: 0, corrected: 0 });
    labels[7] = { key: 'k7', value: true };
    expect(await store.labels.put(name, labels)).toEqual({ accepted: 0, unchanged: 9_999, corrected: 1 });
  });

  test('of the same subject agree, or nothing is kept', async () => {
    const name = await someModel();
    const twice: LabelInput[] = [
      { requestId: 'r', value: 1 },
      { requestId: 'r', row: 0, value: 1 },
    ];
    expect(await store.labels.put(name, twice)).toEqual({ accepted: 1, unchanged: 1, corrected: 0 });
    const contradiction: LabelInput[] = [{ key: 'new', value: 1 }, ...twice, { requestId: 'r', value: 2 }];
    await expect(store.labels.put(name, contradiction)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'labels[3].value',
      value: '2',
    });
    expect(await current(name)).toEqual([{ subject: 'r/0', value: 1, revision: 1 }]);
  });

  test('from many senders at once: each value once, in any order, none waiting for ever', async () => {
    const name = await someModel();
    const labels = Array.from({ length: 200 }, (_, i): LabelInput => ({ key: `k${i}`, value: i }));
    const others = await Promise.all([1, 2].map(() => bench.another()));
    const puts = [store, ...others].flatMap(({ labels: table }) => [
      table.put(name, labels),
      table.put(name, [...labels].reverse()),
    ]);
    const results = await Promise.all(puts);
    expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(200);
    expect(results.reduce((sum, { corrected }) => sum + corrected, 0)).toBe(0);
    expect(await current(name)).toHaveLength(200);
  });

  test('of two senders who contradict each other: one corrects the other, whole', async () => {
    const name = await someModel();
    const other = await bench.another();
    const of = (value: string) =>
      Array.from({ length: 300 }, (_, i): LabelInput => ({ key: `k${i}`, value }));
    const results = await Promise.all([
      store.labels.put(name, of('a')),
      other.labels.put(name, of('b').reverse()),
    ]);
    expect(results).toContainEqual({ accepted: 300, unchanged: 0, corrected: 0 });
    expect(results).toContainEqual({ accepted: 0, unchanged: 0, corrected: 300 });
    const values = new Set(
      (await current(name)).map(({ value, revision }) => `${String(value)} ${String(revision)}`),
    );
    expect(values.size).toBe(1);
  });

  test('no second program can give a subject two values of one revision', async () => {
    const name = await someModel();
    await store.labels.put(name, [
      { key: 'k', value: 1 },
      { requestId: 'r', value: 1 },
    ]);
    for (const subject of [`NULL, NULL, 'k'`, `'r', 0, NULL`]) {
      const insert = `INSERT INTO labels (name, request_id, row_index, key, value, observed_at, revision)
                      VALUES ('${name}', ${subject}, '2', now(), 1)`;
      await expect(bench.admin.query(insert)).rejects.toMatchObject({ code: '23505' });
    }
    expect(await count(bench.admin, `labels WHERE name = '${name}'`)).toBe(2);
  });
});
