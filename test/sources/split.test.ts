import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SplitPlan } from '../../sources/split.ts';
import { collect, FLIGHTS, testFolder } from './folder.ts';

// A row's side is a hash of (name, key) and nothing else; the rows that a limit takes are the same every time.

const { tableOf, snapshot, open } = testFolder();
const plan: SplitPlan = { name: 'flights', split: { by: 'hash', test: 0.2 }, key: ['id'], seed: 7 };
const ROWS = `SELECT 'k' || range AS id, range AS n, range % 7 AS g FROM range(20000)`;

/** As the documentation says it, written a second time. */
function isTest(name: string, key: string, share: number): boolean {
  const digest = createHash('sha256').update(`${name}\0${key}`).digest('hex');
  return Number(BigInt(`0x${digest.slice(0, 13)}`)) / 2 ** 52 < share;
}
/** MD5 read as a little-endian number. */
const draw = (seed: number, key: string) =>
  createHash('md5').update(`${seed}\0${key}`).digest().reverse().toString('hex');

describe('by hash', () => {
  test('a row stands where SHA-256 of its name and key says', async () => {
    const table = await tableOf(ROWS, { split: plan });
    const held = await collect(table, { columns: ['id', 'n'], side: 'test' });
    const expected = Array.from({ length: 20_000 }, (_, i) => `k${i}`).filter((id) =>
      isTest('flights', id, 0.2),
    );
    expect(new Set(held.map((row) => row.id))).toEqual(new Set(expected));
    expect(held.length).toBe(expected.length);
    // 0.2 within four standard deviations of a binomial: 20000 * 0.2 +- 4 * 57.
    expect(Math.abs(held.length - 4000)).toBeLessThan(227);
    expect(await table.sides()).toEqual({ train: 20_000 - held.length, test: held.length });
    for (const row of held) expect(row.id).toBe(`k${row.n}`);
  });

  test('a key of several columns is joined by 0x1f, with 0x00 for NULL', async () => {
    const split = { ...plan, key: ['a', 'b'] };
    const table = await tableOf(
      `SELECT CASE WHEN range % 3 > 0 THEN range END AS a, 1.5 + range AS b FROM range(500)`,
      { split },
    );
    const held = await collect(table, { columns: ['b'], side: 'test' });
    const expected = Array.from({ length: 500 }, (_, i) => i)
      .filter((i) => isTest('flights', `${i % 3 > 0 ? i : '\0'}\x1f${(1.5 + i).toFixed(1)}`, 0.2))
      .map((i) => 1.5 + i);
    expect(held.map((row) => row.b).sort((x, y) => Number(x) - Number(y))).toEqual(expected);
  });

  test('rows keep their sides in a later snapshot, under another seed and in another order', async () => {
    const before = await tableOf(ROWS, { split: plan });
    const after = await tableOf(
      `SELECT 'k' || range AS id, range * 2 AS n FROM range(30000) ORDER BY range % 11 DESC, range`,
      { split: { ...plan, seed: 8 } },
    );
    const ids = async (table: typeof before) =>
      (await collect(table, { columns: ['id'], side: 'test' })).map((row) => String(row.id));
    const kept = (await ids(after)).filter((id) => Number(id.slice(1)) < 20_000);
    expect(new Set(kept)).toEqual(new Set(await ids(before)));
  });

  test('another name is another split', async () => {
    const a = await tableOf(ROWS, { split: plan });
    const b = await tableOf(ROWS, { split: { ...plan, name: 'other' } });
    const first = new Set((await collect(a, { columns: ['id'], side: 'test' })).map((row) => row.id));
    const both = (await collect(b, { columns: ['id'], side: 'test' })).filter((row) => first.has(row.id));
    expect(both.length).toBeGreaterThan(600);
    expect(both.length).toBeLessThan(1000); // 0.2 * 0.2 * 20000 = 800
  });

  test('rows of one key, and without a key equal rows, stand together', async () => {
    const twice = `SELECT range % 1000 AS id, range AS n FROM range(3000)`;
    const table = await tableOf(twice, { split: plan });
    const train = new Set((await collect(table, { columns: ['id'], side: 'train' })).map((row) => row.id));
    const held = await collect(table, { columns: ['id'], side: 'test' });
    expect(held.filter((row) => train.has(row.id))).toEqual([]);
    expect(held.length % 3).toBe(0);

    const keyless = await tableOf(`SELECT range % 500 AS a, 'x' AS b FROM range(1000)`, {
      split: { ...plan, key: undefined },
    });
    const trained = new Set((await collect(keyless, { columns: ['a'], side: 'train' })).map((row) => row.a));
    const kept = await collect(keyless, { columns: ['a'], side: 'test' });
    expect(kept.filter((row) => trained.has(row.a))).toEqual([]);
    expect(kept.length).toBeGreaterThan(100);
  });
});

describe('a limit', () => {
  test('takes the rows with the smallest hash of seed and key, in that order', async () => {
    const table = await tableOf(ROWS, { split: plan });
    const taken = await collect(table, { columns: ['id'], side: 'train', limit: 300 });
    const expected = Array.from({ length: 20_000 }, (_, i) => `k${i}`)
      .filter((id) => !isTest('flights', id, 0.2))
      .sort((a, b) => (draw(7, a) < draw(7, b) ? -1 : 1))
      .slice(0, 300);
    expect(taken.map((row) => row.id)).toEqual(expected);
    const more = await collect(table, { columns: ['id'], side: 'train', limit: 500 });
    expect(more.slice(0, 300)).toEqual(taken);
    const other = await tableOf(ROWS, { split: { ...plan, seed: 8 } });
    expect(await collect(other, { columns: ['id'], side: 'train', limit: 300 })).not.toEqual(taken);
  });

  test('does not depend on the order of the file, also among rows of one key', async () => {
    const rows = `SELECT range % 100 AS id, range AS n, 'text ' || range AS t FROM range(5000)`;
    const forwards = await tableOf(`${rows} ORDER BY n`, { split: plan });
    const backwards = await tableOf(`${rows} ORDER BY n DESC`, { split: plan });
    for (const limit of [37, 1000, 'all'] as const) {
      const what = { columns: ['id', 'n', 't'], side: 'train', limit } as const;
      expect(await collect(backwards, { ...what, columns: [...what.columns] })).toEqual(
        await collect(forwards, { ...what, columns: [...what.columns] }),
      );
    }
  });

  test('of more rows than there are takes all, and a limit without a side draws from both', async () => {
    const table = await tableOf(ROWS, { split: plan });
    const { train } = await table.sides();
    expect((await collect(table, { columns: ['n'], side: 'train', limit: 1e9 })).length).toBe(train);
    const both = await collect(table, { columns: ['id'], limit: 1000 });
    expect(both.length).toBe(1000);
    expect(both.filter((row) => isTest('flights', String(row.id), 0.2)).length).toBeGreaterThan(100);
  });

  test('gives one answer on one thread and on two', async () => {
    const { path } = await snapshot(
      { f: { kind: 'parquet', from: FLIGHTS } },
      `SELECT row_number() OVER () AS id, * FROM f WHERE date < '2001-01-15'`,
    );
    const what = { columns: ['id', 'delay', 'origin'], side: 'train', limit: 20_000 } as const;
    const [one, two] = await Promise.all(
      [1, 2].map(async (threads) =>
        collect(await open(path, { threads, split: plan }), { ...what, columns: [...what.columns] }),
      ),
    );
    expect(two).toEqual(one);
  });
});

describe('by time', () => {
  const byTime = (test: number): SplitPlan => ({ ...plan, split: { by: 'time', test }, time: 'at' });
  const timed = (times: string) => `SELECT range AS id, ${times} AS at FROM range(100)`;

  test('the latest share is held out', async () => {
    const table = await tableOf(timed(`TIMESTAMP '2020-01-01' + INTERVAL (97 * range % 100) DAYS`), {
      split: byTime(0.25),
    });
    const held = await collect(table, { columns: ['at'], side: 'test' });
    const train = await collect(table, { columns: ['at'], side: 'train' });
    expect(held.length).toBe(25);
    expect(Math.min(...held.map((r) => Number(r.at)))).toBeGreaterThan(
      Math.max(...train.map((r) => Number(r.at))),
    );
  });

  test('rows of the boundary stand on one side, the hold-out', async () => {
    const table = await tableOf(timed(`range // 30`), { split: byTime(0.2) }); // 30, 30, 30, 10
    const held = await collect(table, { columns: ['at'], side: 'test' });
    expect(new Set(held.map((row) => row.at))).toEqual(new Set([2, 3]));
    expect(await table.sides()).toEqual({ train: 60, test: 40 });
  });

  test('a share that only all rows would reach still leaves rows to train on', async () => {
    const table = await tableOf(timed(`CASE WHEN range < 90 THEN 0 ELSE 1 END`), { split: byTime(0.5) });
    expect(await table.sides()).toEqual({ train: 90, test: 10 });
    const constant = await tableOf(timed(`DATE '2020-01-01'`), { split: byTime(0.5) });
    expect(await constant.sides()).toEqual({ train: 100, test: 0 });
  });

  test('rows without a time are trained on', async () => {
    const table = await tableOf(timed(`CASE WHEN range % 2 = 0 THEN range END`), { split: byTime(0.2) });
    expect(await table.sides()).toEqual({ train: 90, test: 10 });
  });
});

test('by moment, everything from it on is held out, in UTC', async () => {
  const rows = `SELECT range AS id, TIMESTAMP '2020-01-01' + INTERVAL (range) HOURS AS at FROM range(48)`;
  const from = async (moment: string) =>
    (await tableOf(rows, { split: { ...plan, split: { by: 'moment', from: moment }, time: 'at' } })).sides();
  expect(await from('2020-01-02')).toEqual({ train: 24, test: 24 });
  expect(await from('2020-01-02T02:00:00+02:00')).toEqual({ train: 24, test: 24 });
  expect(await from('2020-01-02 00:00:01')).toEqual({ train: 25, test: 23 });
});
