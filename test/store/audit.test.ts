import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditHash } from '../../store/audit.ts';
import type { AuditRow, Store } from '../../store/types.ts';
import { openBench, startRun, type Bench } from './fixtures.ts';

/** The audit only grows, tells of every change, and shows it when somebody with all rights has edited it. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

async function oldestFirst(): Promise<AuditRow[]> {
  return (await store.audit.list(undefined, 10_000)).reverse();
}

test('eight processes at a time make one chain without gaps or forks', async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => bench.another({ maxConnections: 2 })));
  await Promise.all(
    stores.map(async (s, i) => {
      for (let round = 0; round < 5; round++) {
        const run = await startRun(s, `chained-${i}`);
        await s.runs.close(run.name, run.number, { status: 'failed', reason: `round ${round}` });
      }
    }),
  );
  const rows = await oldestFirst();
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
  expect(rows[0].previous).toBe('0'.repeat(64));
  rows.slice(1).forEach((row, i) => expect(row.previous).toBe(rows[i].hash));
  const times = rows.map(({ at }) => at);
  expect([...times].sort()).toEqual(times);
  expect(await store.audit.verify()).toEqual({ intact: true, head: { id: 80, hash: rows[79].hash } });
});

test('a row is hashed as documented, so that anybody can check it', () => {
  // Python: sha256(json.dumps(row, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()).hexdigest()
  const row = {
    id: 1,
    at: '2026-01-02T03:04:05.678Z',
    actor: 'ä',
    action: 'run.open',
    subject: 'training/a/1',
    details: { b: 1, a: [true, null] },
    previous: '0'.repeat(64),
  };
  expect(auditHash(row)).toBe('071c0214652f8a055d5b9b5241f2d5f8be4090a8075dfd1b3c75601a4b961f22');
});

test.each([
  `UPDATE audit SET actor = 'nobody'`,
  `DELETE FROM audit`,
  `TRUNCATE audit`,
  `DELETE FROM audit_head`,
])('%s is refused', async (sql) => {
  await expect(bench.admin.query(sql)).rejects.toMatchObject({ code: '23001' });
});

describe('tampering by somebody who switches the triggers off is seen', () => {
  let rows: AuditRow[];
  beforeAll(async () => {
    rows = await oldestFirst();
    await bench.admin.query(
      `CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_head AS SELECT * FROM audit_head`,
    );
  });
  beforeEach(async () => {
    await tamper(`DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;
      DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head`);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });
  afterAll(() => bench.admin.query(`DROP TABLE kept, kept_head`));

  async function tamper(sql: string): Promise<void> {
    await bench.admin.query(`
      ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_head DISABLE TRIGGER USER;
      ${sql};
      ALTER TABLE audit ENABLE TRIGGER USER; ALTER TABLE audit_head ENABLE TRIGGER USER`);
  }

  test.each([
    ['who', `UPDATE audit SET actor = 'somebody else' WHERE id = 7`, 7],
    ['what', `UPDATE audit SET action = 'run.nothing' WHERE id = 7`, 7],
    ['whose', `UPDATE audit SET subject = 'training/other/1' WHERE id = 7`, 7],
    ['when', `UPDATE audit SET at = at + interval '1 millisecond' WHERE id = 7`, 7],
    ['how', `UPDATE audit SET details = '{"status": "registered"}' WHERE id = 7`, 7],
    ['a row in the middle that is gone', `DELETE FROM audit WHERE id = 7`, 7],
    ['the first row that is gone', `DELETE FROM audit WHERE id = 1`, 1],
    ['the last row that is gone', `DELETE FROM audit WHERE id = 80`, 80],
    ['all rows that are gone', `DELETE FROM audit`, 1],
    [
      'two rows that changed places',
      `UPDATE audit SET id = 999 WHERE id = 7; UPDATE audit SET id = 7 WHERE id = 8; UPDATE audit SET id = 8 WHERE id = 999`,
      7,
    ],
    ['a head with another hash', `UPDATE audit_head SET hash = repeat('1', 64)`, 80],
    ['a head that is gone', `DELETE FROM audit_head`, 81],
  ])('%s', async (_, sql, at) => {
    await tamper(sql);
    expect(await store.audit.verify()).toMatchObject({ intact: false, at });
  });

  test('a row whose hash was computed anew', async () => {
    const forged = { ...rows[6], actor: 'somebody else' };
    await tamper(`UPDATE audit SET actor = 'somebody else', hash = '${auditHash(forged)}' WHERE id = 7`);
    expect(await store.audit.verify()).toMatchObject({ intact: false, at: 8 });
  });

  test('a chain that was computed anew to its end, by who noted an older head', async () => {
    const anchor = { id: rows[60].id, hash: rows[60].hash };
    let previous = rows[5].hash;
    const updates = rows.slice(6).map((row) => {
      const forged = { ...row, previous, actor: row.id === 7 ? 'somebody else' : row.actor };
      const hash = (previous = auditHash(forged));
      return `UPDATE audit SET actor = '${forged.actor}', previous = '${forged.previous}', hash = '${hash}' WHERE id = ${row.id}`;
    });
    await tamper([...updates, `UPDATE audit_head SET hash = '${previous}'`].join(';'));
    expect(await store.audit.verify()).toMatchObject({ intact: true });
    expect(await store.audit.verify(anchor)).toMatchObject({ intact: false, at: 61 });
  });

  test('a chain that was cut short with its head, by who noted the old head', async () => {
    await tamper(`DELETE FROM audit WHERE id > 50; UPDATE audit_head SET id = 50, hash = '${rows[49].hash}'`);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
    expect(await store.audit.verify({ id: 80, hash: rows[79].hash })).toMatchObject({
      intact: false,
      at: 51,
    });
  });
});
