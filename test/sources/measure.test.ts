import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkSchema, type Check } from '../../decisions/checks.ts';
import { judgeCheck, overallVerdict } from '../../decisions/judge.ts';
import type { MeasureContext } from '../../sources/measure.ts';
import type { SplitPlan } from '../../sources/split.ts';
import { FLIGHTS, testFolder } from './folder.ts';

// Each check counts the rows that violate it, and shows some of them.

const { tableOf, snapshot, open } = testFolder();
const plan: SplitPlan = { name: 'checks', split: { by: 'hash', test: 0.5 }, seed: 1 };
const context: MeasureContext = { target: 'y', task: 'auto', now: '2020-01-10T00:00:00Z' };

async function results(query: string, checks: object[], more: Partial<MeasureContext> = {}, split = plan) {
  const full = { ...context, ...more };
  const table = await tableOf(query, { split: { ...split, key: full.key, time: full.time } });
  const declared: Check[] = checks.map((check) => checkSchema.parse(check));
  const measured = await table.measure(declared, full);
  return measured.map(({ check, measurement, index }) => judgeCheck(check, measurement, index));
}

async function declared(query: string, check: object, more: Partial<MeasureContext> = {}) {
  const [result] = await results(query, [check], more);
  return result;
}

async function implied(kind: string, query: string, more: Partial<MeasureContext> = {}, split = plan) {
  const result = (await results(query, [], more, split)).find((r) => r.kind === kind);
  if (!result) throw new Error(`no ${kind} check`);
  return result;
}

const Y = `range % 2 = 0 AS y`;

describe('declared', () => {
  test('rows', async () => {
    const few = await declared(`SELECT ${Y} FROM range(10)`, { kind: 'rows', min: 11 });
    expect(few).toMatchObject({ verdict: 'fail', message: '10 rows; at least 11 are required.' });
    expect((await declared(`SELECT ${Y} FROM range(10)`, { kind: 'rows', min: 10, max: 10 })).verdict).toBe(
      'pass',
    );
  });

  test('missing counts NULL, NaN and empty text, and shows rows of the worst column', async () => {
    const query = `SELECT range AS id, CASE WHEN range < 10 THEN 'nan'::DOUBLE END AS x, CASE WHEN range > 2 THEN 'a' ELSE '' END AS s, ${Y} FROM range(20)`;
    const result = await declared(query, { kind: 'missing', max: 0.2 });
    expect(result).toMatchObject({ verdict: 'fail', message: 'More than 20 % missing in x (100 %).' });
    expect(result.measurement.detail).toEqual({ x: 1, s: 0.15 });
    expect(result.measurement.examples.length).toBe(5);
    expect(result.measurement.examples[0]).toMatchObject({ x: 'nan', id: '0' });
    expect((await declared(query, { kind: 'missing', columns: ['s'], max: 0.15 })).verdict).toBe('pass');
  });

  test('unique counts every row that shares its key', async () => {
    const query = `SELECT range // 2 AS a, CASE WHEN range < 4 THEN 0 ELSE range END AS b, ${Y} FROM range(10)`;
    const result = await declared(query, { kind: 'unique', columns: ['a', 'b'] });
    expect(result).toMatchObject({
      verdict: 'fail',
      title: 'unique(a, b)',
      message: '4 rows of 10 share their a, b with another (2 values repeated).',
    });
    expect(result.measurement.examples.map((row) => row.a)).toEqual(['0', '0', '1', '1']);
  });

  test('unique is exact on 300,000 keys whose engine hashes meet', async () => {
    const { path } = await snapshot(
      { f: { kind: 'parquet', from: FLIGHTS } },
      `SELECT strftime(date, '%Y-%m-%dT%H:%M') || ' ' || origin || '-' || destination || ' ' ||
         row_number() OVER (PARTITION BY date, origin, destination ORDER BY distance, delay) AS id, delay <= 15 AS y
       FROM (SELECT DISTINCT * FROM f WHERE date < '2001-01-22')`,
    );
    const table = await open(path, { split: plan });
    const [unique] = await table.measure([{ kind: 'unique', columns: ['id'], severity: 'fail' }], context);
    expect(unique?.measurement.violations).toBe(0);
    expect(table.rowCount()).toBeGreaterThan(280_000);
  });

  test('range looks at numbers, times and text, forgives a share and overlooks what is missing', async () => {
    const query = `SELECT range AS x, CASE WHEN range < 5 THEN range END AS some, DATE '2020-01-01' + range::INTEGER AS day, chr(97 + range::INTEGER) AS s, ${Y} FROM range(10)`;
    const over = await declared(query, { kind: 'range', column: 'x', min: 1, max: 7.5 });
    expect(over).toMatchObject({
      verdict: 'fail',
      message: '3 of 10 values of x lie outside 1 to 7.5 (30 %).',
    });
    expect(over.measurement.examples.map((row) => row.x)).toEqual(['0', '8', '9']);
    expect(
      (await declared(query, { kind: 'range', column: 'x', min: 1, max: 7.5, maxShare: 0.3 })).verdict,
    ).toBe('pass');
    expect((await declared(query, { kind: 'range', column: 'some', max: 4 })).measurement).toMatchObject({
      looked: 5,
      violations: 0,
    });
    expect(
      (await declared(query, { kind: 'range', column: 'day', min: '2020-01-03T12:00:00Z' })).measurement
        .violations,
    ).toBe(3);
    expect((await declared(query, { kind: 'range', column: 's', max: 'c' })).measurement.violations).toBe(7);
    const infinite = `SELECT CASE WHEN range = 0 THEN 'inf'::DOUBLE ELSE 1 END AS x, ${Y} FROM range(10)`;
    expect(
      (await declared(infinite, { kind: 'range', column: 'x', max: 1e300 })).measurement.violations,
    ).toBe(1);
  });

  test('allowed compares values of the column’s own type', async () => {
    const query = `SELECT range % 3 AS n, 'c' || range % 3 AS s, range % 2 = 0 AS b, ${Y} FROM range(9)`;
    expect(
      (await declared(query, { kind: 'allowed', column: 'n', values: [0, 1] })).measurement.violations,
    ).toBe(3);
    expect(
      (await declared(query, { kind: 'allowed', column: 's', values: ['c0', "it's"] })).measurement
        .violations,
    ).toBe(6);
    expect(
      (await declared(query, { kind: 'allowed', column: 'b', values: [true] })).measurement.violations,
    ).toBe(4);
    await expect(declared(query, { kind: 'allowed', column: 'n', values: ['x'] })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'checks[0].values',
    });
  });

  test('freshness is the age of the newest time at the time of the run', async () => {
    const query = `SELECT TIMESTAMP '2020-01-01' + INTERVAL (range) DAYS AS "at", ${Y} FROM range(8)`;
    const result = await declared(query, { kind: 'freshness', column: 'at', maxAgeMs: 86_400_000 });
    expect(result).toMatchObject({
      verdict: 'fail',
      message: 'The newest at is 2 days old; 1 day are allowed.',
    });
    const none = await declared(`SELECT NULL::DATE AS "at", ${Y} FROM range(8)`, {
      kind: 'freshness',
      column: 'at',
      maxAgeMs: 1,
    });
    expect(none.verdict).toBe('fail');
  });

  test('balance is the share of the rarest class', async () => {
    const query = `SELECT CASE WHEN range < 3 THEN 'rare' ELSE 'usual' END AS y FROM range(100)`;
    const result = await declared(query, { kind: 'balance', min: 0.05, severity: 'warn' });
    expect(result).toMatchObject({
      verdict: 'warn',
      message: 'The rarest class rare has 3 % of the rows; at least 5 % are required.',
    });
  });

  test('expression is an aggregate, also of a subquery over the dataset', async () => {
    const query = `SELECT range AS x, ${Y} FROM range(11)`;
    const mean = { kind: 'expression', name: 'mean x', sql: 'avg(x) -- of all', min: 6 };
    expect(await declared(query, mean)).toMatchObject({
      verdict: 'fail',
      message: 'mean x is 5; at least 6 is required.',
    });
    const share = {
      kind: 'expression',
      name: 'share',
      sql: '(SELECT count(*) FROM dataset WHERE x > 5) / count(*)',
      max: 0.5,
    };
    expect((await declared(query, share)).verdict).toBe('pass');
    for (const sql of [
      'x',
      'random()',
      '1) AS a, (2',
      "(SELECT count(*) FROM '/etc/passwd')",
      'avg(nothing)',
      '1; DROP VIEW dataset',
    ]) {
      await expect(declared(query, { kind: 'expression', name: 'bad', sql }), sql).rejects.toMatchObject({
        code: 'SQL_REFUSED',
        field: 'checks[0].sql',
      });
    }
  });

  test('a column that is not there', async () => {
    await expect(
      declared(`SELECT ${Y} FROM range(9)`, { kind: 'range', column: 'z', min: 1 }),
    ).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      field: 'checks[0].column',
    });
  });
});

describe('implied', () => {
  test('a good dataset passes every one of them', async () => {
    const all = await results(`SELECT range AS id, range * 1.5 AS x, ${Y} FROM range(100)`, [], {
      key: ['id'],
    });
    expect(all.map((r) => [r.kind, r.verdict])).toEqual([
      ['rows', 'pass'],
      ['target', 'pass'],
      ['split', 'pass'],
      ['empty', 'pass'],
      ['finite', 'pass'],
      ['unique', 'pass'],
      ['schema', 'pass'],
      ['leakage', 'pass'],
      ['duplicates', 'pass'],
    ]);
    expect(overallVerdict(all)).toBe('pass');
    expect(all.map((r) => r.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each([
    [
      'nulls',
      `SELECT range AS x, CASE WHEN range > 2 THEN range % 2 = 0 END AS y FROM range(10)`,
      '3 rows of 10 have none',
    ],
    ['one class', `SELECT range AS x, 'only' AS y FROM range(10)`, 'every row has the value only'],
    [
      'a class of one row',
      `SELECT range AS x, CASE WHEN range = 0 THEN 'a' ELSE 'b' END AS y FROM range(10)`,
      'the class a has one row',
    ],
    [
      'infinity',
      `SELECT range AS x, CASE WHEN range = 0 THEN 'inf'::DOUBLE ELSE range END AS y FROM range(50)`,
      '1 row are infinite',
    ],
    [
      'NaN',
      `SELECT range AS x, CASE WHEN range = 0 THEN 'nan'::DOUBLE ELSE range END AS y FROM range(50)`,
      '1 row of 50 have none',
    ],
    ['only nulls', `SELECT range AS x, NULL::DOUBLE AS y FROM range(10)`, '10 rows of 10 have none'],
    ['no rows', `SELECT 1 AS x, true AS y WHERE false`, 'there are no rows'],
  ])('a target with %s fails', async (_, query, message) => {
    const result = await implied('target', query);
    expect(result.verdict).toBe('fail');
    expect(result.message).toContain(message);
  });

  test('a target of many values, each once, is a quantity', async () => {
    expect((await implied('target', `SELECT 1 AS x, range * 0.5 AS y FROM range(50)`)).verdict).toBe('pass');
  });

  test('a side without rows fails, and a class that only the hold-out has', async () => {
    const timed = { time: 't' };
    const byTime: SplitPlan = { ...plan, split: { by: 'time', test: 0.2 } };
    const constant = `SELECT 1 AS t, range AS x, ${Y} FROM range(10)`;
    expect((await implied('split', constant, timed, byTime)).message).toContain('leaves one side empty');
    const late = `SELECT range AS t, CASE WHEN range >= 98 THEN 'new' ELSE 'old' || range % 2 END AS y FROM range(100)`;
    const result = await implied('split', late, timed, byTime);
    expect(result).toMatchObject({ verdict: 'fail' });
    expect(result.message).toContain('2 held-out rows have a class that no training row has');
  });

  test('a column of only nulls and one with infinity fail where they are learned from', async () => {
    const query = `SELECT NULL::DOUBLE AS empty, CASE WHEN range = 3 THEN '-inf'::DOUBLE ELSE 1 END AS steep, range AS x, ${Y} FROM range(10)`;
    expect(await implied('empty', query)).toMatchObject({
      verdict: 'fail',
      measurement: { detail: { empty: 10 } },
    });
    expect(await implied('finite', query)).toMatchObject({
      verdict: 'fail',
      measurement: { detail: { steep: 1 } },
    });
    expect((await implied('empty', query, { inputs: ['x'] })).verdict).toBe('pass');
    expect((await implied('finite', query, { inputs: ['x'] })).verdict).toBe('pass');
  });

  test('a repeated key fails; with a time, only at one time; and it can be softened', async () => {
    const query = `SELECT range // 2 AS id, range AS t, ${Y} FROM range(20)`;
    const repeated = await implied('unique', query, { key: ['id'] });
    expect(repeated).toMatchObject({ verdict: 'fail', title: 'unique(id)' });
    expect((await implied('unique', query, { key: ['id'], time: 't' })).verdict).toBe('pass');
    const soft = await results(query, [{ kind: 'unique', columns: ['id'], severity: 'warn' }], {
      key: ['id'],
    });
    expect(soft.filter((r) => r.kind === 'unique').map((r) => r.verdict)).toEqual(['warn']);
  });

  test('the schema is held against the accepted one', async () => {
    const accepted = [
      { name: 'a', sqlType: 'BIGINT' },
      { name: 'b', sqlType: 'VARCHAR' },
      { name: 'y', sqlType: 'BOOLEAN' },
    ];
    const against = (query: string) => implied('schema', query, { acceptedSchema: accepted });
    expect((await against(`SELECT range AS a, 'x' AS b, ${Y} FROM range(9)`)).verdict).toBe('pass');
    expect(
      await against(`SELECT range * 0.5::DOUBLE AS a, 'x' AS b, 1 AS c, ${Y} FROM range(9)`),
    ).toMatchObject({
      verdict: 'warn',
      message: 'The columns differ from the accepted ones: a was BIGINT and is DOUBLE, c is new.',
    });
    expect(await against(`SELECT CAST(range AS VARCHAR) AS a, ${Y} FROM range(9)`)).toMatchObject({
      verdict: 'fail',
      message: 'The columns differ from the accepted ones: a was BIGINT and is VARCHAR, b is gone.',
    });
  });

  test('leakage counts hold-out rows that training has by key or but for the key', async () => {
    const byTime: SplitPlan = { ...plan, split: { by: 'time', test: 0.2 } };
    const keys = `SELECT range % 90 AS id, range AS t, ${Y} FROM range(100)`; // rows 90 to 99 share ids 0 to 9
    const shared = await implied('leakage', keys, { key: ['id'], time: 't' }, byTime);
    expect(shared).toMatchObject({ verdict: 'warn', measurement: { looked: 20, violations: 10 } });
    expect(shared.measurement.detail).toEqual({ sharedKeys: 10, sameRows: 0 });

    const rows = `SELECT range AS id, range // 50 AS x, range // 50 = 0 AS y FROM range(100)`;
    const same = await implied('leakage', rows, { key: ['id'] });
    expect(same.measurement.violations).toBe(same.measurement.looked);
    expect(same.measurement.detail).toMatchObject({ sharedKeys: 0, sameRows: same.measurement.looked });
    expect((await results(rows, [{ kind: 'leakage', maxShare: 1 }], { key: ['id'] }))[0]?.verdict).toBe(
      'pass',
    );
    expect((await results(rows, [{ kind: 'leakage' }], { key: ['id'] }))[0]?.verdict).toBe('fail');
  });

  test('equal rows are counted beyond the first, and warned of', async () => {
    const result = await implied('duplicates', `SELECT range % 4 AS x, ${Y} FROM range(10)`);
    expect(result).toMatchObject({ verdict: 'warn', measurement: { violations: 6 } });
    expect(result.message).toBe('6 rows of 10 repeat another in every column.');
  });
});

test('example values are text of at most 100 characters, in at most 12 columns and 5 rows', async () => {
  const wide = Array.from({ length: 20 }, (_, i) => `repeat('x', 500) AS c${i}`).join(', ');
  const result = await declared(
    `SELECT ${wide}, range AS id, ${Y} FROM range(10)`,
    { kind: 'range', column: 'id', max: -1 },
    { key: ['id'] },
  );
  expect(result.measurement.examples.length).toBe(5);
  expect(Object.keys(result.measurement.examples[0] ?? {}).length).toBe(12);
  expect(Object.keys(result.measurement.examples[0] ?? {})[0]).toBe('id');
  expect(result.measurement.examples[0]?.c0?.length).toBe(100);
});

const traffic = fileURLToPath(
  new URL('../../../shared/data/metro_traffic/metro_interstate_traffic.parquet', import.meta.url),
);
test('the dirt of the metro traffic file is found: repeated hours, 0 kelvin, 9.8 m of rain', async ({
  skip,
}) => {
  skip(!existsSync(traffic), 'needs the data folder ../shared/data, which is not part of the repository');
  const table = await open(traffic, { split: plan });
  const checks = [
    { kind: 'unique', columns: ['date_time'] },
    { kind: 'range', column: 'temp', min: 200 },
    { kind: 'range', column: 'rain_1h', max: 1000 },
  ].map((check) => checkSchema.parse(check));
  const measured = await table.measure(checks, { ...context, target: 'traffic_volume' });
  const [hours, cold, rain] = measured.map((m) => m.measurement);
  expect(table.rowCount()).toBe(48_204);
  expect((hours?.violations ?? 0) - Number(hours?.detail?.keys)).toBe(7_629);
  expect(cold).toMatchObject({ violations: 10, looked: 48_204 });
  expect(cold?.examples[0]).toMatchObject({ temp: '0.0' });
  expect(rain).toMatchObject({ violations: 1 });
});
