import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../sources/engine.ts';
import { refuseUnsafe } from '../../sources/guard.ts';
import { isVolatile, SQL_VALUE_NAMES } from '../../sources/volatile.ts';
import { testFolder } from './folder.ts';

// The dataset's SQL is one SELECT over the sources that gives the same answer every time.

const { scratch, write, snapshot, folder } = testFolder();
let engine: Engine;
beforeAll(async () => void (engine = await openEngine({ scratch })));
afterAll(() => engine.close());

describe('refused', () => {
  test.each([
    ['a clock', 'SELECT now() FROM t'],
    ['a clock without brackets', 'SELECT current_timestamp FROM t'],
    ['a clock in another case', 'SELECT CURRENT_DATE FROM t'],
    ['today', 'SELECT * FROM t WHERE a < today()'],
    ['an age from today', 'SELECT age(a) FROM t'],
    ['chance', 'SELECT random() FROM t'],
    ['chance in an order', 'SELECT a FROM t ORDER BY random()'],
    ['chance in a window', 'SELECT row_number() OVER (ORDER BY random()) FROM t'],
    ['chance in a filter', 'SELECT count(*) FILTER (random() > 0.5) FROM t'],
    ['chance in a lambda', 'SELECT list_transform([1], lambda x: x + random()) FROM t'],
    ['chance in a subquery', 'SELECT a FROM t WHERE a IN (SELECT uuid() FROM t)'],
    ['chance under WITH', 'WITH r AS (SELECT gen_random_uuid() AS u) SELECT * FROM r'],
    ['a sample without a seed', 'SELECT * FROM t TABLESAMPLE 10%'],
    ['a sample of rows without a seed', 'SELECT * FROM t USING SAMPLE 10 ROWS'],
    ['a setting', "SELECT current_setting('threads')"],
    ['two statements', 'SELECT 1; SELECT 2'],
    ['none', '  '],
    ['a change', 'DELETE FROM t'],
    ['COPY', "COPY t TO 'x.csv'"],
    ['a setting changed', 'SET threads = 4'],
    ['ATTACH', "ATTACH 'x.db'"],
    ['INSTALL', 'INSTALL httpfs'],
    ['DESCRIBE', 'DESCRIBE t'],
    ['nonsense', 'SELEKT a FROM t'],
    ['a file', "SELECT * FROM '/etc/passwd'"],
    ['a file beside a source', "SELECT * FROM t JOIN 'other.csv' ON true"],
    ['a reading function', "SELECT * FROM read_csv('/etc/passwd')"],
    ['a text reader', "SELECT content FROM read_text('/etc/passwd')"],
    ['a glob', "SELECT * FROM glob('/etc/*')"],
    ['an address', "SELECT * FROM read_parquet('https://example.com/a.parquet')"],
    ['a query in a text', "SELECT * FROM query('SELECT 1')"],
    ['the catalog', 'SELECT * FROM duckdb_settings()'],
    ['the catalog by name', 'SELECT * FROM information_schema.tables'],
    ['another table', 'SELECT * FROM other'],
  ])('%s', async (_, sql) => {
    await expect(refuseUnsafe(engine, sql, ['t'], 'dataset')).rejects.toMatchObject({
      code: 'SQL_REFUSED',
      field: 'dataset',
    });
  });
});

describe('allowed', () => {
  test.each([
    ['columns and texts that are called so', `SELECT "random", 'now()', uuid, t.current_date FROM t`],
    ['a seeded sample', 'SELECT * FROM t USING SAMPLE reservoir(10 ROWS) REPEATABLE (4)'],
    ['WITH', 'WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT * FROM a, B, t'],
    [
      'recursion',
      'WITH RECURSIVE a AS (SELECT 1 x UNION ALL SELECT x + 1 FROM a WHERE x < 3) SELECT * FROM a',
    ],
    ['made rows', 'SELECT * FROM range(3), unnest([1, 2])'],
    ['an age between two', 'SELECT age(a, b) FROM t'],
    ['a comment and a semicolon', 'FROM t; -- random()'],
    ['a source in another case', 'SELECT * FROM T'],
  ])('%s', async (_, sql) => {
    await expect(refuseUnsafe(engine, sql, ['t'], 'dataset')).resolves.toBeUndefined();
  });
});

test('every function that the engine itself calls volatile is refused', async () => {
  const rows = await engine.run(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') AND function_name <> 'error'`,
  );
  const names = rows.map((row) => String(row.name));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !isVolatile(name, 0) && !SQL_VALUE_NAMES.has(name))).toEqual([]);
});

// The engine calls current_localtime and current_localtimestamp consistent, and a next version may add another.
test('every function whose name speaks of here and now is refused', async () => {
  const rows = await engine.run(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE function_type IN ('scalar', 'macro') AND regexp_matches(function_name, 'local|current|now|today')`,
  );
  const names = rows.map((row) => String(row.name));
  expect(names).toEqual(expect.arrayContaining(['current_localtime', 'current_localtimestamp', 'now']));
  expect(names.filter((name) => !isVolatile(name, 0))).toEqual([]);
  await expect(
    refuseUnsafe(engine, 'SELECT current_localtimestamp() FROM t', ['t'], 'dataset'),
  ).rejects.toThrow('dataset calls current_localtimestamp()');
});

test('what the guard should ever overlook, the closed engine refuses', async () => {
  const allowed = write('allowed.csv', 'a\n1\n');
  const other = write('other.csv', 'a\n2\n');
  const locked = await openEngine({ scratch });
  try {
    await locked.lock([allowed]);
    expect(await locked.run(`FROM read_csv('${allowed}')`)).toEqual([{ a: 1n }]);
    for (const sql of [
      `FROM read_csv('${other}')`,
      `FROM '${other}'`,
      `FROM glob('${folder}/*')`,
      `FROM read_text('${folder}/other.csv')`,
      `COPY (SELECT 1) TO '${join(folder, 'out.csv')}'`,
      `ATTACH '${join(folder, 'x.db')}'`,
      `SET enable_external_access = true`,
      `SET allowed_paths = ['${other}']`,
      `FROM read_csv('http://127.0.0.1:1/a.csv')`,
    ]) {
      await expect(locked.run(sql), sql).rejects.toThrow(
        /Permission|disabled|locked|does not exist|Cannot change/i,
      );
    }
  } finally {
    await locked.close();
  }
});

test('a query that reads another file leaves nothing behind', async () => {
  write('source.csv', 'a\n1\n');
  const query = snapshot({ t: { kind: 'csv', from: 'source.csv' } }, `SELECT * FROM t, 'other.csv'`);
  await expect(query).rejects.toMatchObject({
    code: 'SQL_REFUSED',
    value: 'other.csv',
    message: expect.stringContaining('Files are read through `sources` only') as string,
  });
});
