import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import type { Selection } from '../../sources/table.ts';
import { AIRPORTS, collect, FLIGHTS, testFolder } from './folder.ts';

// A snapshot read as a model reads it, and profiled exactly.

const { tableOf, snapshot, open } = testFolder();

describe('values', () => {
  test('of every type become numbers, milliseconds and text; missing is NaN and empty', async () => {
    const table = await tableOf(`SELECT * FROM (VALUES
      (1::TINYINT, 9007199254740991::BIGINT, 12.34::DECIMAL(10,2), 1.5::FLOAT, 170141183460469231731687303715884105727::HUGEINT, true,
       DATE '2001-02-03', TIMESTAMP '2001-02-03 04:05:06.789999', TIMESTAMPTZ '2001-02-03 04:05:06+02', 'é', 'a'::ENUM('a','b'), [1, 2]),
      (NULL, NULL, NULL, 'nan'::FLOAT, NULL, NULL, NULL, 'infinity'::TIMESTAMP, NULL, NULL, NULL, NULL))
      AS t(tiny, big, money, float, huge, flag, day, "at", zoned, text, kind, list)`);
    const columns = table.columns().map((c) => c.name);
    const [first, second] = await collect(table, { columns });
    expect(first).toEqual({
      tiny: 1,
      big: 9007199254740991,
      money: 12.34,
      float: 1.5,
      huge: 2 ** 127,
      flag: 1,
      day: Date.parse('2001-02-03'),
      at: Date.parse('2001-02-03T04:05:06.789Z'),
      zoned: Date.parse('2001-02-03T02:05:06Z'),
      text: 'é',
      kind: 'a',
      list: '[1, 2]',
    });
    expect(second).toEqual({
      ...Object.fromEntries(columns.map((name) => [name, NaN])),
      text: '',
      kind: '',
      list: '',
    });
  });

  test('of times are cut to milliseconds as Date.parse cuts them, also before 1970', async () => {
    const texts = [
      '1969-12-31 23:59:59.9995',
      '1969-12-31 00:00:00.000001',
      '1815-06-18 12:00:00',
      '2100-01-01 00:00:00.9999',
    ];
    const table = await tableOf(`SELECT unnest([${texts.map((t) => `TIMESTAMP '${t}'`).join(', ')}]) AS at`);
    const rows = await collect(table, { columns: ['at'] });
    expect(rows.map((row) => row.at)).toEqual(texts.map((t) => Date.parse(`${t.replace(' ', 'T')}Z`)));
  });
});

describe('batches', () => {
  test('have the asked size, the last one the rest, and hold every row once', async () => {
    const table = await tableOf('SELECT range AS n, CAST(range AS VARCHAR) AS t FROM range(10000)');
    const sizes: number[] = [];
    let next = 0;
    for await (const batch of table.read({ columns: ['t', 'n'], batchRows: 3000 })) {
      sizes.push(batch.rows);
      expect(batch.columns.n).toBeInstanceOf(Float64Array);
      expect(batch.columns.n?.length).toBe(batch.rows);
      for (let i = 0; i < batch.rows; i++, next++) {
        if (batch.columns.n?.[i] !== next || batch.columns.t?.[i] !== String(next))
          throw new Error(`row ${next}`);
      }
    }
    expect(sizes).toEqual([3000, 3000, 3000, 1000]);
  });

  test('can be left early and read again, two at a time', async () => {
    const table = await tableOf('SELECT range AS n FROM range(100000)');
    for await (const batch of table.read({ columns: ['n'], batchRows: 1000 })) {
      expect(batch.rows).toBe(1000);
      break;
    }
    const [a, b] = await Promise.all([
      collect(table, { columns: ['n'] }),
      collect(table, { columns: ['n'] }),
    ]);
    expect(a.length).toBe(100_000);
    expect(b).toEqual(a);
  });

  test('of an unknown column are refused', async () => {
    const table = await tableOf('SELECT 1 AS a');
    await expect(collect(table, { columns: ['b'] })).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      value: 'b',
    });
  });

  test('stop when they are cancelled', async () => {
    const table = await tableOf('SELECT range AS n FROM range(100000)');
    const controller = new AbortController();
    const reading = (async () => {
      for await (const batch of table.read(
        { columns: ['n'], batchRows: 1000 },
        { signal: controller.signal },
      )) {
        expect(batch.rows).toBe(1000);
        controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a profile', () => {
  test('counts what is missing, infinite and distinct, and orders the most frequent', async () => {
    const table = await tableOf(`SELECT * FROM (VALUES
      (1.5::DOUBLE, 'b', true, 1), ('nan'::DOUBLE, 'a', NULL, 2), ('inf'::DOUBLE, '', false, 2), (NULL, NULL, true, NULL), (1.5, 'a', true, 10), (-2, 'b', true, 1))
      AS t(x, s, b, n)`);
    const [x, s, b, n] = await table.profile();
    expect(x).toMatchObject({ rows: 6, missing: 2, infinite: 1, distinct: 3, min: -2, max: 1.5 });
    expect(x?.mean).toBeCloseTo(1 / 3, 15);
    expect(s).toEqual({
      name: 's',
      type: 'string',
      sqlType: 'VARCHAR',
      rows: 6,
      missing: 2,
      infinite: 0,
      distinct: 2,
      top: [
        { value: 'a', count: 2 },
        { value: 'b', count: 2 },
      ],
    });
    expect(b).toMatchObject({ missing: 1, distinct: 2, mean: 0.8 });
    expect(b?.top).toEqual([
      { value: 'true', count: 4 },
      { value: 'false', count: 1 },
    ]);
    expect(n?.top).toEqual([
      { value: '1', count: 2 },
      { value: '2', count: 2 },
      { value: '10', count: 1 },
    ]);
  });

  test('has the quantiles of numpy, exactly', async () => {
    // numpy.percentile([7, 1, 4, 4, 10, -3], [0, 1, 25, 50, 75, 99, 100]), numpy 2.4.6
    const table = await tableOf('SELECT unnest([7, 1, 4, 4, 10, -3]) AS x');
    const [x] = await table.profile();
    expect([0, 1, 25, 50, 75, 99, 100].map((q) => x?.percentiles?.[q])).toEqual([
      -3, -2.8, 1.75, 4, 6.25, 9.850000000000001, 10,
    ]);
    expect(x?.median).toBe(4);
    expect(x?.percentiles?.length).toBe(101);
  });

  test('of nothing but nulls, and of no rows, has no numbers', async () => {
    const nulls = await tableOf(
      'SELECT NULL::DOUBLE AS x, NULL::VARCHAR AS s, NULL::TIMESTAMP AS t FROM range(3)',
    );
    for (const column of await nulls.profile()) {
      expect(column).toMatchObject({ rows: 3, missing: 3, distinct: 0 });
      expect(column.mean).toBeUndefined();
      expect(column.percentiles).toBeUndefined();
    }
    const none = await tableOf('SELECT 1 AS x, true AS b WHERE false');
    expect(await none.profile()).toMatchObject([
      { rows: 0, missing: 0, distinct: 0, top: [] },
      { rows: 0, missing: 0, distinct: 0, top: [] },
    ]);
  });

  test('keeps at most 1,000 values, those of the smallest value among equally frequent ones', async () => {
    const table = await tableOf('SELECT (range * 7919) % 20000 AS x FROM range(20000) UNION ALL SELECT 777');
    const [x] = await table.profile();
    expect(x?.distinct).toBe(20_000);
    expect(x?.top?.length).toBe(1000);
    expect(x?.top?.[0]).toEqual({ value: '777', count: 2 });
    expect(x?.top?.slice(1, 4).map((t) => t.value)).toEqual(['0', '1', '2']);
  });

  test('of real airports agrees with a second computation, column by column', async () => {
    const { path } = await snapshot({ a: { kind: 'csv', from: AIRPORTS } }, 'FROM a');
    const profile = await (await open(path)).profile();
    const lines = readFileSync(AIRPORTS, 'utf8').trim().split('\n').slice(1);
    expect(profile[0]).toMatchObject({ name: 'iata', rows: lines.length, distinct: lines.length });
    const latitude = profile.find((c) => c.name === 'latitude');
    const values = lines.map((line) => Number(line.split(',').at(-2))).sort((p, q) => p - q);
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    const std = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length);
    expect(latitude?.mean).toBeCloseTo(mean, 10);
    expect(latitude?.std).toBeCloseTo(std, 10);
    for (const q of [0, 10, 33, 50, 90, 100]) {
      const place = (values.length - 1) * (q / 100);
      const low = values[Math.floor(place)] ?? NaN;
      const high = values[Math.ceil(place)] ?? NaN;
      expect(latitude?.percentiles?.[q]).toBeCloseTo(low + (high - low) * (place - Math.floor(place)), 12);
    }
  });

  test('is the same to the last bit on two threads and for another order of rows', async () => {
    const rows = `SELECT delay * 0.1 AS x, distance, origin FROM f WHERE date < '2001-01-10'`;
    const sources = { f: { kind: 'parquet', from: FLIGHTS } } as const;
    const { path } = await snapshot(sources, rows);
    const shuffled = await snapshot(sources, `${rows} ORDER BY origin, distance, delay DESC`);
    const first = await (await open(path, { threads: 1 })).profile();
    expect(await (await open(path, { threads: 2 })).profile()).toEqual(first);
    expect(await (await open(shuffled.path)).profile()).toEqual(first);
  });

  test('can be made while rows are read, and twice at a time', async () => {
    const table = await tableOf('SELECT range AS n, range % 7 AS m FROM range(50000)');
    const [a, b, rows] = await Promise.all([
      table.profile(),
      table.profile(),
      collect(table, { columns: ['n'] }),
    ]);
    expect(a).toEqual(b);
    expect(a[0]?.distinct).toBe(rows.length);
  });

  test('of a side is that of its rows', async () => {
    const table = await tableOf('SELECT range AS n FROM range(1000)', {
      split: { name: 'x', split: { by: 'time', test: 0.1 }, time: 'n', seed: 1 },
    });
    expect(await table.profile({ side: 'test' })).toMatchObject([{ rows: 100, min: 900, max: 999 }]);
    expect(await table.profile({ side: 'train' })).toMatchObject([{ rows: 900, min: 0, max: 899 }]);
    expect(await table.profile({ side: 'train', limit: 10 })).toMatchObject([{ rows: 10 }]);
  });

  test('of what is newer than a moment is that of its rows, and its limit is drawn from these', async () => {
    const table = await tableOf(
      `SELECT range AS n, CASE WHEN range < 990 THEN make_timestamp(range * 1000) END AS at FROM range(1000)`,
      { split: { name: 'x', split: { by: 'hash', test: 0.2 }, key: ['n'], seed: 1 } },
    );
    const after = { column: 'at', epochMs: 500 };
    const numbers = async (selection: Selection) =>
      (await collect(table, { columns: ['n'], ...selection })).map(({ n }) => Number(n));
    const recent = (await numbers({ side: 'test' })).filter((n) => n > 500 && n < 990);
    expect(await numbers({ side: 'test', after })).toEqual(recent);
    expect(await table.count({ side: 'test', after })).toBe(recent.length);
    expect(await numbers({ side: 'test', after, limit: 20 })).toEqual(recent.slice(0, 20));
    expect(await table.count({ side: 'test', after, limit: 20 })).toBe(20);
    expect(await table.count({})).toBe(1000);
  });
});

test('the nth newest row of a selection has a time, where there are as many, and starts a selection', async () => {
  const table = await tableOf(
    `SELECT range AS id, CASE WHEN range % 4 > 0 THEN TIMESTAMP '2020-01-01' + to_days(CAST(range // 2 AS INTEGER)) END AS "at"
     FROM range(40)`,
    { split: { name: 'newest', split: { by: 'hash', test: 0.5 }, key: ['id'], seed: 1 } },
  );
  const test = await collect(table, { side: 'test', columns: ['at', 'id'] });
  const times = test
    .map(({ at }) => Number(at))
    .filter((at) => !Number.isNaN(at))
    .sort((a, b) => b - a);
  for (const n of [1, 2, 5, times.length]) {
    const at = await table.nthNewest('at', n, { side: 'test' });
    expect(at).toBe(times[n - 1]);
    const after = { column: 'at', epochMs: times[n - 1], included: true } as const;
    expect(await table.count({ side: 'test', after })).toBe(
      times.filter((time) => time >= times[n - 1]).length,
    );
  }
  expect(await table.nthNewest('at', times.length + 1, { side: 'test' })).toBeUndefined();
});
