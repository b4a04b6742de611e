import { inspect } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResolveOptions } from '../../sources/types.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { testFolder } from './folder.ts';

// A query on another Postgres is read in one read-only transaction, in its own types, in bounded memory.

const { resolve, rowsOf } = testFolder();
let database: FreshDatabase;
const query = (sql: string) =>
  ({ t: { kind: 'postgres', connection: { secret: 'WAREHOUSE_URL' }, query: sql } }) as const;
const source = async (sql: string, options: Partial<ResolveOptions> = {}) => {
  const [resolved] = await resolve(query(sql), { secret: () => database.url, ...options });
  return resolved;
};

async function execute(...statements: string[]): Promise<void> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  database = await freshDatabase();
  await execute(
    `CREATE TYPE mood AS ENUM ('good', 'bad')`,
    `CREATE TABLE every_type (small int2, int int4, big int8, money numeric(12,2), free numeric, real float4, double float8,
       flag bool, text text, short varchar(3), fixed char(4), day date, at timestamp, zoned timestamptz, doc jsonb, id uuid, kind mood, list int[])`,
    `INSERT INTO every_type VALUES
       (1, 2, 9007199254740993, 12.30, 1.5, 0.1, 0.1, true, 'a "b", c\nd', 'xyz', 'ab', '2001-02-03', '2001-02-03 04:05:06.789', '2001-02-03 04:05:06+02',
        '{"a": 1}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'bad', '{1,2}'),
       (NULL, NULL, NULL, NULL, 'NaN', 'Infinity', 'NaN', NULL, '', NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL)`,
    `CREATE TABLE many AS SELECT i AS id, 'row ' || i AS text FROM generate_series(1, 50000) i`,
  );
});
afterAll(() => database.drop());

test('a secret that is no address is told without it', async () => {
  const url = 'postgres://me:hunter2@@@:999999/x?y=%zz';
  const error: unknown = await source('SELECT 1', { secret: () => url }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'SOURCE_UNREADABLE', field: 'sources.t' });
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain('hunter2');
});

test('every type comes over as itself', async () => {
  const { files, bytes } = await source('SELECT * FROM every_type');
  const types = await rowsOf(`(DESCRIBE SELECT * FROM '${files[0]}')`);
  expect(Object.fromEntries(types.map((row) => [row.column_name, row.column_type]))).toEqual({
    small: 'SMALLINT',
    int: 'INTEGER',
    big: 'BIGINT',
    money: 'DECIMAL(12,2)',
    free: 'DOUBLE',
    real: 'FLOAT',
    double: 'DOUBLE',
    flag: 'BOOLEAN',
    text: 'VARCHAR',
    short: 'VARCHAR',
    fixed: 'VARCHAR',
    day: 'DATE',
    at: 'TIMESTAMP',
    zoned: 'TIMESTAMP WITH TIME ZONE',
    doc: 'VARCHAR',
    id: 'VARCHAR',
    kind: 'VARCHAR',
    list: 'VARCHAR',
  });
  const rows = await rowsOf(
    `(SELECT * REPLACE (CAST(day AS VARCHAR) AS day, CAST("at" AS VARCHAR) AS "at", epoch_ms(zoned) AS zoned, CAST(money AS VARCHAR) AS money) FROM '${files[0]}')`,
  );
  expect(rows[0]).toEqual({
    small: 1,
    int: 2,
    big: 9007199254740993n,
    money: '12.30',
    free: 1.5,
    real: Math.fround(0.1),
    double: 0.1,
    flag: true,
    text: 'a "b", c\nd',
    short: 'xyz',
    fixed: 'ab  ',
    day: '2001-02-03',
    at: '2001-02-03 04:05:06.789',
    zoned: BigInt(Date.parse('2001-02-03T02:05:06Z')),
    doc: '{"a": 1}',
    id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    kind: 'bad',
    list: '{1,2}',
  });
  expect(rows[1]).toMatchObject({
    small: null,
    free: NaN,
    real: Infinity,
    double: NaN,
    text: '',
    day: 'infinity',
    at: null,
  });
  expect(bytes).toBeGreaterThan(100);
});

test('the digest is of the rows, whatever their order, and of the columns’ names and types', async () => {
  const digest = async (sql: string) => (await source(sql)).digest;
  const first = await digest('SELECT * FROM many ORDER BY id');
  expect(await digest('SELECT * FROM many ORDER BY id DESC')).toBe(first);
  expect(await digest('SELECT id AS other, text FROM many')).not.toBe(first);
  expect(await digest('SELECT id::bigint, text FROM many')).not.toBe(first);
  expect(await digest('SELECT * FROM many WHERE id < 50000')).not.toBe(first);
});

test('50,000 rows come in batches, with progress', async () => {
  const seen: number[] = [];
  const { files } = await source('SELECT * FROM many', { onProgress: ({ bytes }) => seen.push(bytes) });
  expect(seen.length).toBe(25);
  expect(await rowsOf(`(SELECT count(*) AS n, sum(id) AS s FROM '${files[0]}')`)).toEqual([
    { n: 50_000n, s: 1_250_025_000n },
  ]);
});

test('no rows are an empty table with its columns', async () => {
  const { files } = await source('SELECT * FROM many WHERE false');
  expect(await rowsOf(`(SELECT count(*) AS n FROM '${files[0]}')`)).toEqual([{ n: 0n }]);
});

describe('refused', () => {
  test('a query that writes, and nothing is written', async () => {
    await expect(source(`INSERT INTO many VALUES (0, 'x') RETURNING id`)).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('read-only transaction') as string,
    });
    const { files } = await source('SELECT count(*) AS n FROM many');
    expect(await rowsOf(`'${files[0]}'`)).toEqual([{ n: 50_000n }]);
  });

  test('a table that is not there, bad SQL, two columns of one name', async () => {
    await expect(source('SELECT * FROM nowhere')).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      field: 'sources.t',
    });
    await expect(source('SELEKT 1')).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
    await expect(source('SELECT 1 AS a, 2 AS a')).rejects.toThrow('two columns the name "a"');
  });

  test('a secret that is not set, and a server that is not there, without showing the password', async () => {
    await expect(resolve(query('SELECT 1'), { secret: undefined })).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      field: 'WAREHOUSE_URL',
    });
    const error: unknown = await source('SELECT 1', {
      secret: () => 'postgres://me:hidden@127.0.0.1:1/x',
    }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(String(error)).not.toContain('hidden');
  });
});

test('cancelling ends the query on the server', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  await expect(
    source('SELECT pg_sleep(30) AS cancel_me', { signal: controller.signal }),
  ).rejects.toMatchObject({ code: 'CANCELLED' });
  const { files } = await source(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%cancel_me%' AND state = 'active' AND pid <> pg_backend_pid()`,
  );
  expect(await rowsOf(`'${files[0]}'`)).toEqual([{ n: 0n }]);
});
