import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RawType } from '../../config/raw.ts';
import { datasetKey, materializeDataset } from '../../sources/dataset.ts';
import type { Retraining } from '../../sources/retraining.ts';
import { writeRows } from '../../sources/writeFile.ts';
import { testFolder } from './folder.ts';

/** Which rows a retraining takes: those that were known, in its window, and of the log those that are new. */

const { folder, scratch, write, resolve, rowsOf } = testFolder();

const DAY_MS = 86_400_000;
const NOON = '2026-08-10T12:00:00.000Z';
const EXPANDING = { kind: 'expanding' } as const;

/** Ids 1 to 9: on the 5th to the 13th of August at noon; 10 has no time. */
const ROWS = `
  SELECT CAST(i AS BIGINT) AS id, CAST(i AS INTEGER) AS size, 'c' || i % 3 AS colour,
         CASE WHEN i < 10 THEN TIMESTAMP '2026-08-04 12:00:00' + to_days(CAST(i AS INTEGER)) END AS seen, i % 2 = 0 AS late
  FROM range(1, 11) t(i)`;

let files = 0;
async function take(
  more: Partial<Retraining>,
  query = ROWS,
): Promise<{ rows: Record<string, unknown>[]; ids: number[]; digest: string; logged?: number }> {
  const path = join(folder, `taken-${files++}.parquet`);
  const retraining = { asOf: NOON, time: 'seen', window: EXPANDING, ...more };
  const { digest, logged } = await materializeDataset({ sources: [], query, scratch, path, retraining });
  const rows = await rowsOf(`read_parquet('${path}')`);
  return { rows, ids: rows.map(({ id }) => Number(id)), digest, logged };
}

/** Rows of the log, each as [key, ...values]: keys are text. */
async function log(
  columns: Record<string, RawType>,
  rows: (number | string)[][],
  key = ['id'],
): Promise<NonNullable<Retraining['logged']>> {
  const path = join(folder, `logged-${files++}.parquet`);
  const list = Object.entries(columns).map(([name, type]) => ({ name, type }));
  const batch = {
    rows: rows.length,
    columns: Object.fromEntries(
      list.map(({ name, type }, i) => {
        const values = rows.map((row) => row[i]);
        return [name, type === 'string' ? values.map(String) : Float64Array.from(values, Number)];
      }),
    ),
  };
  const batches = (async function* () {
    yield batch;
  })();
  await writeRows(path, list, batches, { scratch });
  return { path, digest: `digest of ${path}`, key };
}

describe('a window', () => {
  test.each([
    { window: EXPANDING, ids: [1, 2, 3, 4, 5, 6] },
    { window: { kind: 'sliding', ms: 2 * DAY_MS }, ids: [5, 6] },
    { window: { kind: 'sliding', ms: 2 * DAY_MS + 1 }, ids: [4, 5, 6] },
    { window: { kind: 'sliding', rows: 3 }, ids: [4, 5, 6] },
    { window: { kind: 'sliding', rows: 200 }, ids: [1, 2, 3, 4, 5, 6] },
  ] as const)('$window ends at the moment, and no row without a time is in it', async ({ window, ids }) => {
    expect((await take({ window })).ids).toEqual(ids);
  });

  test('by numbers reads epoch milliseconds', async () => {
    const query = `SELECT id, epoch_ms(seen) AS seen FROM (${ROWS})`;
    expect((await take({ window: { kind: 'sliding', ms: 2 * DAY_MS } }, query)).ids).toEqual([5, 6]);
  });

  test('of rows takes of one time the same ones, however the query sorts them', async () => {
    const query = `SELECT i AS id, TIMESTAMP '2026-08-01' + to_days(CAST(i // 10 AS INTEGER)) AS seen FROM range(100) t(i)`;
    const window = { kind: 'sliding', rows: 15 } as const;
    const one = await take({ window }, query);
    const other = await take({ window }, `${query} ORDER BY hash(i)`);
    // Of the 10th at midnight all ten, of the day before five.
    expect(one.ids.filter((id) => id >= 90)).toHaveLength(10);
    expect(one.ids.filter((id) => id >= 80)).toHaveLength(15);
    expect(other.ids.sort((a, b) => a - b)).toEqual(one.ids);
  });

  test('without a time is everything, with the digest and the key of the query alone', async () => {
    const path = join(folder, 'plain.parquet');
    const plain = await materializeDataset({ sources: [], query: ROWS, scratch, path });
    expect((await take({ time: undefined })).digest).toBe(plain.digest);
    const retraining = { asOf: NOON, window: EXPANDING };
    expect(datasetKey([], ROWS, retraining)).toBe(datasetKey([], ROWS));
    expect(datasetKey([], ROWS, { ...retraining, time: 'seen' })).not.toBe(datasetKey([], ROWS));
  });

  test('of a column called rowid, and of a query with a comment at its end', async () => {
    const query = `SELECT id AS rowid, seen FROM (${ROWS}) -- rows`;
    const taken = await take({ window: { kind: 'sliding', rows: 2 } }, query);
    expect(taken.rows.map(({ rowid }) => Number(rowid))).toEqual([5, 6]);
  });
});

describe('the log', () => {
  const columns = {
    id: 'string',
    size: 'number',
    colour: 'string',
    seen: 'timestamp',
    late: 'boolean',
  } as const;
  const at = Date.parse(NOON) - 1000;

  test('adds the rows whose keys the query does not give, in the types of the dataset', async () => {
    const logged = await log(columns, [
      ['11', 70, 'new', at, 1],
      ['3', 70, 'known', at, 1],
      ['8', 80, 'not yet known', at, 0],
      ['12', NaN, '', at, 0],
      ['13', 70, 'later', at + DAY_MS, 0],
      ['no number', 70, 'lost', at, 0],
    ]);
    const { rows, ids, logged: count } = await take({ logged });
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 11, 8, 12]);
    expect(count).toBe(3);
    expect(rows.slice(6)).toMatchObject([
      { size: 70, colour: 'new', late: true },
      { size: 80, colour: 'not yet known', late: false },
      { size: null, colour: null, late: false },
    ]);
    const described = await rowsOf(`(DESCRIBE ${ROWS})`);
    const path = join(folder, `taken-${files - 1}.parquet`);
    expect(await rowsOf(`(DESCRIBE FROM read_parquet('${path}'))`)).toEqual(described);
  });

  test('is in the window too: its rows are the newest', async () => {
    const logged = await log(columns, [
      ['11', 1, 'a', at, 1],
      ['12', 1, 'a', at - 5 * DAY_MS, 1],
    ]);
    expect((await take({ logged, window: { kind: 'sliding', rows: 2 } })).ids).toEqual([6, 11]);
    expect((await take({ logged, window: { kind: 'sliding', ms: DAY_MS } })).ids).toEqual([6, 11]);
    expect(await take({ logged, window: { kind: 'sliding', rows: 7 } })).toMatchObject({ logged: 1 });
  });

  test('has no columns but those that were logged', async () => {
    const logged = await log({ id: 'string', seen: 'timestamp', late: 'boolean' }, [['11', at, 1]]);
    expect((await take({ logged })).rows.at(-1)).toMatchObject({ id: 11n, size: null, colour: null });
  });

  test('widens whole numbers where callers sent others, and nothing else', async () => {
    const typesOf = async (size: number) => {
      await take({ logged: await log(columns, [['11', size, 'a', at, 1]]) });
      const path = join(folder, `taken-${files - 1}.parquet`);
      return Object.fromEntries(
        (await rowsOf(`(DESCRIBE FROM read_parquet('${path}'))`)).map((c) => [
          String(c.column_name),
          c.column_type,
        ]),
      );
    };
    expect(await typesOf(7)).toMatchObject({ id: 'BIGINT', size: 'INTEGER' });
    expect(await typesOf(NaN)).toMatchObject({ size: 'INTEGER' });
    expect(await typesOf(2.5)).toMatchObject({ id: 'BIGINT', size: 'DOUBLE' });
    expect(await typesOf(3e9)).toMatchObject({ size: 'DOUBLE' });
  });

  test('adds a category that an enumeration of the query lacks', async () => {
    const query = `SELECT * REPLACE (CAST(colour AS ENUM('c0', 'c1', 'c2')) AS colour) FROM (${ROWS})`;
    const logged = await log(columns, [['11', 1, 'mauve', at, 1]]);
    expect((await take({ logged }, query)).rows.at(-1)).toMatchObject({ colour: 'mauve' });
  });

  test('of keys of many types finds the same keys', async () => {
    const query = `
      SELECT CAST(i AS DOUBLE) AS number, TIMESTAMP '2026-08-01' + to_days(CAST(i AS INTEGER)) AS moment,
             DATE '2026-08-01' + CAST(i AS INTEGER) AS day, CAST('00000000-0000-0000-0000-00000000000' || i AS UUID) AS uuid
      FROM range(1, 4) t(i)`;
    const keys = {
      number: ['2', '7'],
      moment: ['2026-08-03 00:00:00.000', '2026-08-09 00:00:00.000'],
      day: ['2026-08-03 00:00:00.000', '2026-08-09 00:00:00.000'],
      uuid: ['00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000009'],
    };
    for (const [key, values] of Object.entries(keys)) {
      const logged = await log(
        { [key]: 'string' },
        values.map((value) => [value]),
        [key],
      );
      expect([key, (await take({ logged, time: undefined }, query)).logged]).toEqual([key, 1]);
    }
  });

  test('of a composed key adds what is told apart, and of half a key what is surely new', async () => {
    const query = `SELECT 'a' || i AS customer, CAST(i AS INTEGER) AS month FROM range(1, 4) t(i)`;
    const logged = await log(
      { customer: 'string', month: 'string' },
      [
        ['a1', '1'],
        ['a1', '9'],
        ['a2', ''],
        ['a7', ''],
        ['a8', 'no month'],
      ],
      ['customer', 'month'],
    );
    const { rows } = await take({ logged, time: undefined }, query);
    expect(rows.slice(3)).toEqual([
      { customer: 'a1', month: 9 },
      { customer: 'a7', month: null },
    ]);
  });

  test('decides the key of the dataset', async () => {
    const [one, other] = [await log(columns, [['11', 1, 'a', at, 1]]), await log(columns, [])];
    const keyOf = (logged?: Retraining['logged']) =>
      datasetKey([], ROWS, { asOf: NOON, time: 'seen', window: EXPANDING, logged });
    expect(new Set([keyOf(), keyOf(one), keyOf(other), keyOf({ ...one, key: ['size'] })]).size).toBe(4);
    expect((await take({ logged: one })).digest).toBe((await take({ logged: one })).digest);
    expect((await take({ logged: other })).digest).toBe((await take({})).digest);
  });
});

test('files of sources are read, the log beside them', async () => {
  write('few.csv', 'id,seen\n1,2026-08-01\n2,2026-09-01\n');
  const sources = await resolve({ few: { kind: 'csv', from: 'few.csv' } });
  const logged = await log({ id: 'string', seen: 'timestamp' }, [['5', Date.parse(NOON)]]);
  const path = join(folder, 'few.parquet');
  const retraining = { asOf: NOON, time: 'seen', window: EXPANDING, logged };
  await materializeDataset({ sources, query: 'SELECT * FROM few', scratch, path, retraining });
  expect((await rowsOf(`read_parquet('${path}')`)).map(({ id }) => Number(id))).toEqual([1, 5]);
});
