import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ColumnFacts } from '../../decisions/watch/facts.ts';
import type { WindowVerdict } from '../../decisions/watch/verdict.ts';
import type { WindowRow } from '../../store/lifecycleTypes.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, SCHEMA, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';

/** What the watch has seen is kept once, and stays bounded however long a lifecycle lives. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const NOON = Date.UTC(2026, 7, 1, 12);
const HOUR_MS = 3_600_000;
const at = (hours: number) => new Date(NOON + HOUR_MS * hours).toISOString();

function windowOf(
  name: string,
  number: number,
  state: WindowVerdict['state'] = 'clean',
  more: Partial<WindowRow> & { rows?: number } = {},
): WindowRow {
  const { rows = 300, ...rest } = more;
  const [from, to] = [at(number - 1), at(number)];
  return {
    name,
    number,
    version: 1,
    from,
    to,
    facts: { version: 1, from, to, rows, compared: rows, tests: 1, columns: [] },
    verdict: {
      state,
      drifted: [],
      predictionDrifted: false,
      labelDrifted: false,
      quality: 'unknown',
      estimated: 'unknown',
      faults: [],
      reason: `Window ${number}.`,
    },
    signal: { drift: false, fall: false, belowFloor: false, fault: false, reason: `Window ${number}.` },
    ...rest,
  };
}

async function put(text: string, kind: string): Promise<string> {
  return (await store.artifacts.put(Buffer.from(text), kind, 'text/plain')).digest;
}

const exists = async (digest: string) => (await store.artifacts.info(digest)) !== undefined;

describe('a window', () => {
  test('is kept once: the first row of its number stays', async () => {
    await registerVersions(store, 'once', 1);
    const first = windowOf('once', 1, 'shifted', { pictureDigest: await put('once', 'window-picture') });
    await store.watch.recordWindow(first);
    await store.watch.recordWindow(windowOf('once', 1, 'clean'));
    expect(await store.watch.window('once', 1)).toEqual(first);
    expect(await store.watch.window('once', 2)).toBeUndefined();
  });

  test('is listed newest first, at most fifty unless asked for', async () => {
    await registerVersions(store, 'listed', 1);
    for (let n = 1; n <= 55; n++) await store.watch.recordWindow(windowOf('listed', n));
    expect((await store.watch.windows('listed')).map(({ number }) => number)).toEqual(
      Array.from({ length: 50 }, (_, i) => 55 - i),
    );
    expect((await store.watch.windows('listed', 2)).map(({ number }) => number)).toEqual([55, 54]);
  });

  test('of many columns has all of them in its report, whatever they are called', async () => {
    await registerVersions(store, 'wide', 1);
    const columns: ColumnFacts[] = Array.from({ length: 500 }, (_, i) => ({
      ...{ column: `c\u0000${i}`, test: 'ks', p: 0.5, effect: 0.01, missing: 0, referenceMissing: 0 },
    }));
    await store.watch.keepColumns('wide', 1, columns.slice(0, 3));
    await store.watch.keepColumns('wide', 1, columns);
    const row = windowOf('wide', 1);
    row.facts.columns = columns.slice(0, 100);
    await store.watch.recordWindow(row);
    expect((await store.watch.window('wide', 1))?.facts.columns).toEqual(columns);
    expect((await store.watch.windows('wide'))[0].facts.columns).toHaveLength(100);
  });

  test('is compared with the rows that sound ones before it had, clean or shifted, by their length', async () => {
    await registerVersions(store, 'volume', 1);
    expect(await store.watch.usualRows('volume', 1, HOUR_MS)).toBeUndefined();
    await store.watch.recordWindow(windowOf('volume', 1, 'clean', { rows: 100 }));
    await store.watch.recordWindow(windowOf('volume', 2, 'shifted', { rows: 500, to: at(4) }));
    await store.watch.recordWindow(windowOf('volume', 3, 'fault', { rows: 9_000 }));
    expect(await store.watch.usualRows('volume', 3, HOUR_MS)).toBeCloseTo(150);
    expect(await store.watch.usualRows('volume', 4, 2 * HOUR_MS)).toBeCloseTo(300);
    expect(await store.watch.usualRows('volume', 2, HOUR_MS)).toBeCloseTo(100);
  });
});

describe('distributions', () => {
  test('are those of the last sound window, clean or shifted; others leave nothing behind', async () => {
    await registerVersions(store, 'healthy', 1);
    const digests = await Promise.all([1, 2, 3].map((n) => put(`healthy ${n}`, 'distributions')));
    const kept = async () => [
      (await store.watch.windows('healthy')).map(({ distributionDigest }) => distributionDigest),
      await Promise.all(digests.map(exists)),
    ];
    await store.watch.recordWindow(windowOf('healthy', 1, 'clean', { distributionDigest: digests[0] }));
    expect(await kept()).toEqual([[digests[0]], [true, true, true]]);
    await store.watch.recordWindow(windowOf('healthy', 2, 'fault', { distributionDigest: digests[1] }));
    expect(await kept()).toEqual([
      [undefined, digests[0]],
      [true, false, true],
    ]);
    await store.watch.recordWindow(windowOf('healthy', 3, 'shifted', { distributionDigest: digests[2] }));
    expect(await kept()).toEqual([
      [digests[2], undefined, undefined],
      [false, false, true],
    ]);
  });

  test('stay where something else refers to the same bytes', async () => {
    await registerVersions(store, 'shared', 1);
    const digest = await put('shared', 'distributions');
    await store.watch.recordReference('shared', 1, digest);
    await store.watch.recordWindow(windowOf('shared', 1, 'fault', { distributionDigest: digest }));
    await store.watch.recordWindow(windowOf('shared', 2, 'clean', { distributionDigest: digest }));
    await store.watch.recordWindow(windowOf('shared', 3, 'clean'));
    expect(await exists(digest)).toBe(true);
  });

  test('no other artifact is ever deleted here', async () => {
    await registerVersions(store, 'others', 1);
    const digest = await put('somebody is about to refer to it', 'model');
    await store.watch.recordWindow(windowOf('others', 1, 'fault', { distributionDigest: digest }));
    expect(await exists(digest)).toBe(true);
  });

  test('of a version are recorded once, and are no orphan', async () => {
    await registerVersions(store, 'reference', 1);
    expect(await store.watch.reference('reference', 1)).toBeUndefined();
    const [first, second] = [await put('r1', 'distributions'), await put('r2', 'distributions')];
    await store.watch.recordReference('reference', 1, first);
    await store.watch.recordReference('reference', 1, second);
    expect(await store.watch.reference('reference', 1)).toBe(first);
    const orphans = (await store.orphans()).map(({ digest }) => digest);
    expect(orphans).toContain(second);
    expect(orphans).not.toContain(first);
  });
});

describe('of many windows', () => {
  test('the newest 500 stay, of older ones the last 500 that were not clean, and nothing of the others', async () => {
    await registerVersions(store, 'old', 1);
    const values = { facts: '{}', verdict: '{}', signal: '{}' };
    const picture = await put('old picture', 'window-picture');
    const healthy = await put('old distributions', 'distributions');
    // Every second one is clean; 3,000 windows as if they had been recorded without anything being forgotten.
    await bench.admin.query(
      `INSERT INTO watch_windows
         (name, number, version, "from", "to", rows, state, facts, verdict, signal, picture_digest, distribution_digest)
       SELECT 'old', n, 1, now(), now() + interval '1 hour', 1, CASE WHEN n % 2 = 0 THEN 'clean' ELSE 'shifted' END,
              $1, $2, $3, CASE WHEN n = 1 THEN $4 END, CASE WHEN n = 10 THEN $5 END
       FROM generate_series(1, 3000) AS n`,
      [values.facts, values.verdict, values.signal, picture, healthy],
    );
    await store.watch.keepColumns('old', 7, []);
    await store.watch.keepColumns('old', 3_002, []);
    await store.watch.recordWindow(windowOf('old', 3_001, 'shifted'));
    const numbers = (await store.watch.windows('old', 10_000)).map(({ number }) => number).reverse();
    const older = Array.from({ length: 500 }, (_, i) => 1_503 + 2 * i);
    expect(numbers).toEqual([10, ...older, ...Array.from({ length: 500 }, (_, i) => 2_502 + i)]);
    expect(await Promise.all([exists(picture), exists(healthy)])).toEqual([false, true]);
    const { rows } = await bench.admin.query(`SELECT number FROM watch_reports WHERE name = 'old'`);
    expect(rows).toEqual([{ number: 3_002 }]);
  });

  test('are forgotten also by a role that may not delete', async () => {
    await registerVersions(store, 'restricted', 1);
    const role = `watcher_${new URL(bench.url).pathname.slice(1)}`;
    await bench.admin.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'secret';
      GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role};
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role}`);
    const url = new URL(bench.url);
    url.username = role;
    url.password = 'secret';
    const restricted = await openStore(url.href, SCHEMA);
    try {
      const digest = await put('restricted', 'distributions');
      await restricted.watch.recordWindow(windowOf('restricted', 1, 'fault', { distributionDigest: digest }));
      expect(await exists(digest)).toBe(false);
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await expect(client.query(`DELETE FROM ${SCHEMA}.artifacts`)).rejects.toMatchObject({ code: '42501' });
      await client.end();
    } finally {
      await restricted.close();
      await bench.admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test('recorded at the same time by several processes are all there', async () => {
    await registerVersions(store, 'rivals', 1);
    const digests = await Promise.all(
      Array.from({ length: 12 }, (_, n) => put(`rivals ${n}`, 'distributions')),
    );
    await Promise.all(
      digests.map((distributionDigest, n) =>
        store.watch.recordWindow(windowOf('rivals', n + 1, 'clean', { distributionDigest })),
      ),
    );
    expect(await store.watch.windows('rivals')).toHaveLength(12);
    expect((await store.watch.window('rivals', 12))?.distributionDigest).toBe(digests[11]);
    expect(await Promise.all(digests.map(exists))).toEqual(digests.map((_, n) => n === 11));
    expect(await count(bench.admin, `watch_windows WHERE name = 'rivals'`)).toBe(12);
  });
});

test('the time is that of the database', async () => {
  const { rows } = await bench.admin.query<{ now: Date }>(`SELECT now() AS now`);
  expect(Math.abs(Date.parse(await store.watch.now()) - rows[0].now.getTime())).toBeLessThan(10_000);
});
