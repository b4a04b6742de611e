import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepRetention } from '../../serving/retention.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { openedRollout } from '../store/rolloutBench.ts';
import { daysOf, encoded, someRecord } from '../store/someRecords.ts';

/** Old predictions go, whole days of them; those that a rollout under way may look at stay. */
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const DAY_MS = 86_400_000;

/** At noon, of the day on which this test began: it may run over midnight. */
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;

/** How old the days are that are there, in days. */
async function ages(): Promise<number[]> {
  const { rows } = await bench.admin.query<{ at: Date }>(`SELECT at FROM predictions ORDER BY at DESC`);
  return rows.map(({ at }) => (NOON - at.getTime()) / DAY_MS);
}

async function enforce(retentionDays?: number): Promise<string[]> {
  const dropped: string[] = [];
  const failures: unknown[] = [];
  const retention = keepRetention({
    store: bench.store,
    retentionDays,
    onDropped: (days) => void dropped.push(...days),
    onProblem: (error) => void failures.push(error),
  });
  await retention.close();
  expect(failures).toEqual([]);
  return dropped;
}

test('days are kept for as long as was asked for, and for as long as a rollout needs them', async () => {
  const records = [0, 29, 31, 60, 89, 92, 100].map((age) => someRecord({ at: NOON - age * DAY_MS }));
  for (const record of records) {
    await bench.store.predictions.append(record.requestId, daysOf([record]), encoded([record]));
    const shipped = [record.requestId, new Date(record.at)];
    await bench.admin.query(`UPDATE prediction_segments SET appended_at = $2 WHERE id = $1`, shipped);
  }
  expect(await enforce()).toHaveLength(2);
  expect(await ages()).toEqual([0, 29, 31, 60, 89]);

  const rollout = await openedRollout(bench.store, 'watched');
  await bench.admin.query(
    `UPDATE rollouts SET started_at = now() - interval '60 days' WHERE name = 'watched'`,
  );
  expect(await enforce(30)).toHaveLength(1);
  expect(await ages()).toEqual([0, 29, 31, 60]);

  await bench.store.rollouts.close('watched', rollout.number, { status: 'aborted', reason: 'a test' });
  expect(await enforce(30)).toHaveLength(2);
  expect(await ages()).toEqual([0, 29]);
  expect(await enforce(30)).toEqual([]);
});

test('a past that was replayed is kept from when it was written', async () => {
  const records = [400, 399, 398].map((age) => someRecord({ at: NOON - age * DAY_MS }));
  await bench.store.predictions.append('past', daysOf(records), encoded(records));
  expect(await enforce(30)).toEqual([]);
  expect(await ages()).toEqual(expect.arrayContaining([398, 399, 400]));

  const before = new Date(NOON - 31 * DAY_MS);
  await bench.admin.query(`UPDATE prediction_segments SET appended_at = $1 WHERE id = 'past'`, [before]);
  expect(await enforce(30)).toHaveLength(3);
  expect(await bench.admin.query(`SELECT FROM prediction_segments WHERE id = 'past'`)).toMatchObject({
    rowCount: 0,
  });
});
