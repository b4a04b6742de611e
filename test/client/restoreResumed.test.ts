import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openStore } from '../../store/open.ts';
import { ids } from '../../workflows/messages.ts';
import { freshDatabase } from '../setup/database.ts';
import { startRun } from '../store/fixtures.ts';
import { openNext } from '../store/rolloutBench.ts';
import { openBench, type Bench } from '../workflows/bench.ts';
import { eventually, twoVersions } from '../workflows/rollouts.ts';
import { perennial, type Call, type Outcome } from './cli.ts';

/** A restore that is killed after its data is in goes on when it is given again, as often as it takes. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let bench: Bench;
let admin: pg.Client;
let file: string;

beforeAll(async () => {
  bench = await openBench();
  file = join(bench.folder, 'all.perennial');
  await writeBackup(file);
  admin = new pg.Client(bench.environment.databaseUrl);
  await admin.connect();
  await admin.query(`SET search_path TO ${pg.escapeIdentifier(bench.environment.namespace)}`);
  await admin.query(
    `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(50); RETURN NEW; END $$`,
  );
});
afterAll(async () => {
  await admin.end();
  await bench.close();
});

/** Two lifecycles, of which one is in a rollout, and a run under way. */
async function writeBackup(path: string): Promise<void> {
  const database = await freshDatabase();
  const store = await openStore(database.url, 'elsewhere');
  for (const name of ['first', 'second']) {
    await twoVersions(store, name);
    const { definitionHash = '' } = (await store.registry.get(name)) ?? {};
    const deployment = { name, number: 1, definitionHash, baseDirectory: '/data', changes: [] };
    await store.lifecycles.recordDeployment({ ...deployment, actor: 'ada', reason: 'first' });
  }
  await openNext(store, 'first');
  await startRun(store, 'third');
  await store.backup.write(path);
  await store.close();
  await database.drop();
}

function restore(call: Call = {}): Promise<Outcome> {
  const { home, namespace, temporalAddress = '', databaseUrl = '' } = bench.environment;
  const env = {
    PERENNIAL_HOME: home,
    PERENNIAL_NAMESPACE: namespace,
    TEMPORAL_ADDRESS: temporalAddress,
    DATABASE_URL: databaseUrl,
  };
  return perennial(['restore', file, '--as', 'ada', '--json'], { ...call, env });
}

/** Killed while it is at a statement that says `what`, which the server then undoes. */
async function restoreKilledAt(trigger: string, what: string): Promise<void> {
  await admin.query(`CREATE TRIGGER hold ${trigger} EXECUTE FUNCTION hold()`);
  const killer = new AbortController();
  const killed = restore({ kill: killer.signal });
  const isHeld = async () => {
    const { rows } = await admin.query<{ held: boolean }>(
      `SELECT count(*) > 0 AS held FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE $1`,
      [`%${what}%`],
    );
    return rows[0].held;
  };
  await eventually(async () => expect(await isHeld()).toBe(true));
  killer.abort();
  expect((await killed).code).toBeNull();
  await eventually(async () => expect(await isHeld()).toBe(false));
  await admin.query(`DROP TRIGGER hold ON ${/ON (\w+)/.exec(trigger)?.[1] ?? ''}`);
}

const openWorkflows = async () => {
  const open: string[] = [];
  for (const name of ['first', 'second']) {
    const handle = bench.temporal.workflow.getHandle(ids.lifecycle(name));
    const status = await handle.describe().then(
      (found) => found.status.name,
      () => undefined,
    );
    if (status === 'RUNNING') open.push(name);
  }
  return open;
};

test('killed before anything is ended, and between two lifecycles, it goes on', async () => {
  const { store } = bench;
  await restoreKilledAt(`BEFORE UPDATE ON runs FOR EACH ROW`, 'UPDATE runs');
  expect(await store.runs.get('third', 1)).toMatchObject({ status: 'running' });
  expect(await openWorkflows()).toEqual([]);

  const other = join(bench.folder, 'other.perennial');
  await store.backup.write(other);
  await expect(store.backup.read(other)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('is not finished') as string,
  });

  await restoreKilledAt(
    `BEFORE INSERT ON lifecycle_notes FOR EACH ROW WHEN (NEW.name = 'second')`,
    'INSERT INTO lifecycle_notes',
  );
  expect(await store.runs.get('third', 1)).toMatchObject({ status: 'cancelled' });
  expect(await store.rollouts.get('first', 1)).toMatchObject({ status: 'aborted' });
  expect(await openWorkflows()).toEqual(['first']);

  const last = await restore();
  expect(last).toMatchObject({ code: 0 });
  expect(last.json()).toMatchObject({
    resumed: true,
    cancelledRuns: [],
    endedRollouts: [],
    lifecycles: [
      { name: 'first', state: 'running' },
      { name: 'second', state: 'started' },
    ],
  });
  expect(await openWorkflows()).toEqual(['first', 'second']);
  const restored = (await store.audit.list()).filter(({ action }) => action === 'lifecycle.restore');
  expect(restored.map(({ subject }) => subject).sort()).toEqual(['lifecycle/first', 'lifecycle/second']);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
});

test('finished, it is not given again', async () => {
  expect(await restore()).toMatchObject({ code: 2, stdout: expect.stringContaining('not empty') as string });
  await rm(file);
});
