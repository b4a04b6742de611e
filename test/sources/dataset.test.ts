import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { datasetKey, materializeDataset } from '../../sources/dataset.ts';
import { AIRPORTS, FLIGHTS, testFolder } from './folder.ts';

// One SELECT becomes one Parquet file whose digest says everything.

const { folder, scratch, write, resolve, snapshot, describe: columnsOf, rowsOf } = testFolder();

const WINDOWED = `
  WITH daily AS (
    SELECT date_trunc('day', date) AS day, origin, count(*) AS flights, avg(delay) AS delay
    FROM flights WHERE date < '2001-01-20' GROUP BY ALL)
  SELECT f.date, f.origin, a.state, f.delay <= 15 AS on_time, avg(d.delay) OVER (PARTITION BY f.origin ORDER BY f.date ROWS 7 PRECEDING) AS past
  FROM flights f JOIN airports a ON a.iata = f.origin LEFT JOIN daily d ON d.origin = f.origin AND d.day = date_trunc('day', f.date)
  WHERE f.date < '2001-01-20'`;
const REAL = {
  flights: { kind: 'parquet', from: FLIGHTS },
  airports: { kind: 'csv', from: AIRPORTS },
} as const;

test('the same bytes and query give the same digest, in this process and in another', async () => {
  const here = await snapshot(REAL, WINDOWED);
  expect(here.digest).toBe(createHash('sha256').update(readFileSync(here.path)).digest('hex'));
  expect(here.rows).toBeGreaterThan(250_000);

  const other = join(folder, 'other-process.parquet');
  const child = fileURLToPath(new URL('./materializeChild.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child], {
    env: { ...process.env, INPUT: JSON.stringify({ sources: REAL, query: WINDOWED, scratch, path: other }) },
  });
  expect(JSON.parse(stdout)).toEqual({
    rows: here.rows,
    bytes: here.bytes,
    digest: here.digest,
    columns: here.columns,
  });
});

test('columns are known without running the query, and are those of the snapshot', async () => {
  write('types.csv', 'id,at,day,flag,text,amount\n1,2020-01-01 10:00:00,2020-01-01,true,x,1.5\n');
  const sources = { t: { kind: 'csv', from: 'types.csv' } } as const;
  const query = 'SELECT *, CAST(amount AS DECIMAL(10,2)) AS money, [1] AS list FROM t; -- the end';
  const described = await columnsOf(sources, query);
  expect(described.map((c) => [c.name, c.type])).toEqual([
    ['id', 'number'],
    ['at', 'timestamp'],
    ['day', 'timestamp'],
    ['flag', 'boolean'],
    ['text', 'string'],
    ['amount', 'number'],
    ['money', 'number'],
    ['list', 'other'],
  ]);
  expect((await snapshot(sources, query)).columns).toEqual(described);
});

test('text keeps every byte', async () => {
  write('text.json', JSON.stringify([{ t: 'a\u0000b' }, { t: '日本\n"x",' }, { t: '' }, { t: null }]));
  const { path } = await snapshot({ t: { kind: 'json', from: 'text.json' } }, 'FROM t');
  expect((await rowsOf(`'${path}'`)).map((row) => row.t)).toEqual(['a\u0000b', '日本\n"x",', '', null]);
});

describe('refused', () => {
  test('two columns of one name', async () => {
    await expect(snapshot({}, 'SELECT 1 AS a, 2 AS b, 3 AS "A"')).rejects.toMatchObject({
      code: 'SQL_REFUSED',
      message: 'dataset gives two columns the name "a" ("A").',
    });
  });

  test('a column that no source has, with what is near', async () => {
    write('near.csv', 'distance\n1\n');
    await expect(
      snapshot({ t: { kind: 'csv', from: 'near.csv' } }, 'SELECT distnace FROM t'),
    ).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      field: 'dataset',
      value: 'distnace',
      message: expect.stringContaining('"distance"') as string,
    });
  });

  test('a value that cannot be computed, and nothing is left behind', async () => {
    const path = join(folder, 'never.parquet');
    const input = {
      sources: [],
      query: `SELECT CAST('x' || range AS INTEGER) AS a FROM range(10)`,
      scratch,
      path,
    };
    await expect(materializeDataset(input)).rejects.toMatchObject({ code: 'SQL_REFUSED' });
    expect(existsSync(path) || existsSync(`${path}.part`)).toBe(false);
    expect(readdirSync(scratch).filter((name) => name.startsWith('duckdb-'))).toEqual([]);
  });
});

test('cancelling ends a query that would run for hours', async () => {
  const path = join(folder, 'cancelled.parquet');
  const query =
    'SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3';
  const beats: number[] = [];
  const running = materializeDataset({
    sources: [],
    query,
    scratch,
    path,
    signal: AbortSignal.timeout(1500),
    onProgress: (share) => beats.push(share),
  });
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(beats.length).toBeGreaterThan(0);
  expect(existsSync(path)).toBe(false);
});

test('a query larger than its memory spills and gives the same rows', async () => {
  const query = 'SELECT md5(CAST(range AS VARCHAR)) AS h, range AS n FROM range(1500000) ORDER BY h';
  const small = join(folder, 'small.parquet');
  const large = join(folder, 'large.parquet');
  const a = await materializeDataset({
    sources: [],
    query,
    scratch,
    path: small,
    memoryLimitBytes: 96 * 2 ** 20,
  });
  const b = await materializeDataset({ sources: [], query, scratch, path: large });
  expect(a.digest).toBe(b.digest);
});

describe('the key', () => {
  test('changes with bytes, query and reading, and not with the place', async () => {
    write('key.csv', 'a\n1\n');
    write('elsewhere/key.csv', 'a\n1\n');
    const of = async (spec: object, query = 'FROM t') =>
      datasetKey(await resolve({ t: { kind: 'csv', from: 'key.csv', ...spec } }), query);
    const key = await of({});
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(await of({ from: 'elsewhere/key.csv' })).toBe(key);
    expect(await of({}, 'SELECT a FROM t')).not.toBe(key);
    expect(await of({ nulls: ['1'] })).not.toBe(key);
    write('key.csv', 'a\n2\n');
    expect(await of({})).not.toBe(key);
  });
});
