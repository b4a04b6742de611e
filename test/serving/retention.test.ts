import { afterAll, beforeAll, expect, test } from 'vitest';
import { enforceRetention, keepRetention } from '../../serving/retention.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { openedRollout } from '../store/rolloutBench.ts';
import { daysOf, encoded, someRecord } from '../store/someRecords.ts';

/** Old predictions go, whole days of them; those that a rollout under way may look at stay. */
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Labels that went the last time. */
let forgotten = 0;

const DAY_MS = 86_400_000;

/** At noon, of the day on which this test began: it may run over midnight. */
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;

/** How old the days are that are there, in days. */
async function ages(): Promise<number[]> {
  const { rows } = await bench.admin.query<{ at: Date }>(`SELECT at FROM predictions ORDER BY at DESC`);
  return rows.map(({ at }) => (NOON - at.getTime()) / DAY_MS);
}

async function enforce(retentionDays?: number): Promise<readonly string[]> {
  const { days, labels } = await enforceRetention({ store: bench.store, retentionDays });
  forgotten = labels;
  return days;
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

test('labels go with the days of their predictions, and a correction keeps what it corrected', async () => {
  const name = 'labelled';
  await bench.admin.query(`INSERT INTO lifecycles (name) VALUES ($1)`, [name]);
  const at = (age: number) => new Date(NOON - age * DAY_MS).toISOString();
  const put = async (subject: object, value: string, told: number, observed = told) => {
    await bench.store.labels.put(name, [{ ...subject, value, observedAt: at(observed) }]);
    // As if it had been told so many days ago; nobody but the owner can say so.
    await bench.admin.query(`ALTER TABLE labels DISABLE TRIGGER labels_are_append_only`);
    await bench.admin.query(
      `UPDATE labels SET received_at = $2 WHERE name = $1 AND received_at > now() - interval '10 minutes'`,
      [name, at(told)],
    );
    await bench.admin.query(`ALTER TABLE labels ENABLE TRIGGER labels_are_append_only`);
  };
  await put({ key: 'old' }, 'yes', 92);
  await put({ key: 'old' }, 'no', 91);
  await put({ requestId: 'old', row: 1 }, 'yes', 95);
  await put({ key: 'at the edge' }, 'yes', 90);
  await put({ key: 'replayed lately' }, 'yes', 3, 900);
  await put({ key: 'told early' }, 'yes', 120, -30);
  await put({ key: 'told early, and corrected' }, 'yes', 120, -30);
  await put({ key: 'told early, and corrected' }, 'no', 110);
  for (const [told, value] of ['yes', 'no', 'yes', 'no'].entries())
    await put({ key: 'corrected' }, value, 110 - 30 * told);
  await put({ requestId: 'corrected', row: 2 }, 'yes', 100);
  await put({ requestId: 'corrected', row: 2 }, 'no', 50);

  // Twice as long as predictions.
  await enforce(45);
  expect(forgotten).toBe(3);
  const history = async (subject: { key: string } | { requestId: string; row: number }) =>
    (await bench.store.labels.history(name, subject)).map(({ value, revision }) => `${revision} ${value}`);
  expect(await history({ key: 'old' })).toEqual([]);
  expect(await history({ requestId: 'old', row: 1 })).toEqual([]);
  for (const key of ['at the edge', 'replayed lately', 'told early'])
    expect(await history({ key })).toEqual(['1 yes']);
  // An earlier value would be the present one again.
  expect(await history({ key: 'told early, and corrected' })).toEqual(['2 no', '1 yes']);
  // What held 90 days ago, and all that came later.
  expect(await history({ key: 'corrected' })).toEqual(['4 no', '3 yes', '2 no', '1 yes']);
  expect(await history({ requestId: 'corrected', row: 2 })).toEqual(['2 no', '1 yes']);

  await enforce(30);
  expect(await history({ key: 'corrected' })).toEqual(['4 no', '3 yes', '2 no']);
  expect(await history({ key: 'at the edge' })).toEqual([]);
  await enforce(45);
  expect(forgotten).toBe(0);
  // A subject begins anew, and a correction goes on.
  expect(await bench.store.labels.put(name, [{ key: 'old', value: 'yes' }])).toMatchObject({ accepted: 1 });
  expect(await bench.store.labels.put(name, [{ key: 'corrected', value: 'yes' }])).toMatchObject({
    corrected: 1,
  });
  expect(await history({ key: 'corrected' })).toEqual(['5 yes', '4 no', '3 yes', '2 no']);
});

test('a gateway does it when it starts, and one that stops is done at once', async () => {
  const old = someRecord({ at: NOON - 200 * DAY_MS });
  await bench.store.predictions.append('old', daysOf([old]), encoded([old]));
  const shipped = [new Date(old.at)];
  await bench.admin.query(`UPDATE prediction_segments SET appended_at = $1 WHERE id = 'old'`, shipped);
  const problems: unknown[] = [];
  const dropped = await new Promise((resolve) => {
    const retention = keepRetention({
      store: bench.store,
      onDropped: ({ days }) => void retention.close().then(() => resolve(days)),
      onProblem: (error) => void problems.push(error),
    });
  });
  expect(dropped).toHaveLength(1);
  expect(problems).toEqual([]);

  const stopped = AbortSignal.abort();
  await bench.store.labels.put('labelled', [
    { key: 'stays', value: 'yes', observedAt: '2000-01-01T00:00:00Z' },
  ]);
  expect(await bench.store.labels.forgetBefore('2100-01-01T00:00:00Z', stopped)).toBe(0);
});

test('nobody else deletes a label', async () => {
  await expect(bench.admin.query(`DELETE FROM labels`)).rejects.toThrow(
    'labels is written once: DELETE is refused',
  );
  await expect(bench.admin.query(`TRUNCATE labels`)).rejects.toThrow('labels is written once');
});

test('many go in pieces, and the rest of the table stays', async () => {
  const name = 'many';
  await bench.admin.query(`INSERT INTO lifecycles (name) VALUES ($1)`, [name]);
  await bench.admin.query(
    `INSERT INTO labels (name, key, value, observed_at, received_at, revision)
     SELECT $1, 'k' || i, '"yes"', now() - interval '1 day' * age, now() - interval '1 day' * age, 1
     FROM generate_series(1, 50000) AS i, LATERAL (SELECT CASE WHEN i % 1000 = 0 THEN 1 ELSE 100 END AS age) AS ages`,
    [name],
  );
  await enforce(45);
  expect(forgotten).toBe(49_950);
  const { rows } = await bench.admin.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM labels WHERE name = $1`,
    [name],
  );
  expect(rows).toEqual([{ n: 50 }]);
});
