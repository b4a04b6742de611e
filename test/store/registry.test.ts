import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { count, openBench, startRun, versionOf, type Bench } from './fixtures.ts';
import type { Store } from '../../store/types.ts';

/** A model is registered exactly once, whole or not at all, and a route always has one champion. */
let bench: Bench;
let store: Store;
const PROMOTE = { promote: true, actor: 'tester' };
const KEEP = { promote: false, actor: 'tester' };

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const route = (name: string, championVersion: number, revision: number) => ({
  name,
  championVersion,
  weight: 0,
  logInputs: false,
  revision,
});

async function registerNext(name: string, model: string, options = KEEP) {
  const run = await startRun(store, name);
  return { run, result: await store.registry.register(await versionOf(store, run, model), options) };
}

describe('registration', () => {
  test('gives the row back as it was given', async () => {
    const run = await startRun(store, 'faithful');
    const version = await versionOf(store, run, 'model');
    await store.registry.register(version, KEEP);
    expect(await store.registry.get('faithful', 1)).toEqual({
      ...version,
      version: 1,
      champion: true,
      createdAt: expect.stringMatching(/Z$/) as string,
    });
    expect(await store.registry.get('faithful')).toMatchObject({ version: 1 });
    expect(await store.registry.get('faithful', 2)).toBeUndefined();
    expect(await store.runs.get('faithful', run.number)).toMatchObject({
      status: 'registered',
      version: 1,
      modelDigest: version.digest,
    });
  });

  test('repeated by eight processes at a time is one version and one set of audit rows', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => bench.another({ maxConnections: 1 })));
    const run = await startRun(store, 'repeated');
    const version = await versionOf(store, run, 'model');
    const results = await Promise.all(stores.map((s) => s.registry.register(version, PROMOTE)));
    for (const result of results) expect(result).toEqual({ version: 1, existing: false, champion: true });
    expect(await store.registry.list('repeated')).toHaveLength(1);
    expect(await store.routes.get('repeated')).toEqual(route('repeated', 1, 1));
    expect((await store.audit.list('training/repeated/1')).map(({ action }) => action)).toEqual([
      'run.close',
      'run.open',
    ]);
    expect(await store.audit.list('model/repeated/1')).toHaveLength(1);
  });

  test('of a digest that is a version already gives that version, and closes the new run with it', async () => {
    await registerNext('twice', 'the same model');
    const { run, result } = await registerNext('twice', 'the same model', PROMOTE);
    expect(result).toEqual({ version: 1, existing: true, champion: true });
    expect(await store.runs.get('twice', run.number)).toMatchObject({
      number: 2,
      status: 'registered',
      version: 1,
    });
    expect(await store.registry.list('twice')).toMatchObject([{ version: 1, runNumber: 1 }]);
    expect((await store.routes.get('twice'))?.revision).toBe(1);
    const again = await store.registry.register(await versionOf(store, run, 'the same model'), PROMOTE);
    expect(again).toEqual(result);
  });

  test('numbers the versions of a lifecycle without gaps, next to those of others', async () => {
    for (const name of ['odd', 'even', 'odd', 'even', 'odd'])
      await registerNext(name, `model ${Math.random()}`);
    expect((await store.registry.list('odd')).map(({ version }) => version)).toEqual([3, 2, 1]);
    expect((await store.registry.list('even')).map(({ version }) => version)).toEqual([2, 1]);
  });

  test('by a run that has ended otherwise is refused and leaves nothing', async () => {
    const run = await startRun(store, 'late');
    const version = await versionOf(store, run, 'model');
    await store.runs.close('late', run.number, { status: 'cancelled', reason: 'by hand' });
    await expect(store.registry.register(version, KEEP)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await store.registry.list('late')).toEqual([]);
    await expect(store.registry.register({ ...version, runNumber: 9 }, KEEP)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('of another model by a run that has registered one is refused', async () => {
    const { run } = await registerNext('single', 'a model');
    const other = await versionOf(store, run, 'another model');
    await expect(store.registry.register(other, KEEP)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'digest',
    });
  });
});

describe('the champion', () => {
  test('is the first version, and a later one only where it is promoted', async () => {
    expect((await registerNext('crowned', 'one')).result).toEqual({
      version: 1,
      existing: false,
      champion: true,
    });
    expect((await registerNext('crowned', 'two')).result).toEqual({
      version: 2,
      existing: false,
      champion: false,
    });
    expect(await store.routes.get('crowned')).toEqual(route('crowned', 1, 1));
    expect((await registerNext('crowned', 'three', PROMOTE)).result).toEqual({
      version: 3,
      existing: false,
      champion: true,
    });
    expect(await store.routes.get('crowned')).toEqual(route('crowned', 3, 2));
    expect((await store.registry.list('crowned')).map(({ champion }) => champion)).toEqual([
      true,
      false,
      false,
    ]);
    const unsplit = { weight: 0, logInputs: false };
    expect((await store.audit.list('route/crowned')).map(({ details }) => details)).toEqual([
      { champion: 3, previous: 1, revision: 2, reason: 'promoted by its registration', ...unsplit },
      { champion: 1, previous: null, revision: 1, reason: 'the first version', ...unsplit },
    ]);
    expect(await store.routes.history('crowned')).toMatchObject([
      { championVersion: 3, revision: 2, actor: 'tester', reason: 'promoted by its registration' },
      { championVersion: 1, revision: 1, actor: 'tester', reason: 'the first version' },
    ]);
  });

  test('cannot be changed without taking the next revision, nor be nobody', async () => {
    await registerNext('swapped', 'one');
    await registerNext('swapped', 'two');
    const change = (sql: string) => bench.admin.query(`UPDATE routes SET ${sql} WHERE name = 'swapped'`);
    await expect(change('champion_version = 2')).rejects.toMatchObject({ code: '23001' });
    await expect(change('champion_version = 2, revision = 1')).rejects.toMatchObject({ code: '23001' });
    await expect(change('champion_version = NULL, revision = revision + 1')).rejects.toMatchObject({
      code: '23502',
    });
    await expect(change('champion_version = 3, revision = revision + 1')).rejects.toMatchObject({
      code: '23503',
    });
  });

  test('is swapped by one after the other: a registration waits for a route that is being moved', async () => {
    await registerNext('raced', 'one');
    await registerNext('raced', 'two');
    const run = await startRun(store, 'raced');
    const version = await versionOf(store, run, 'three');
    const other = await bench.rival();
    await other.query(`
      BEGIN;
      UPDATE routes SET champion_version = 2, revision = 2 WHERE name = 'raced';
      INSERT INTO route_history (name, revision, champion_version, at, actor, reason, idempotency_key)
        VALUES ('raced', 2, 2, date_trunc('milliseconds', clock_timestamp()), 'rival', 'first', 'rival/1')`);
    const registration = store.registry.register(version, PROMOTE);
    await bench.untilBlocked();
    await other.query(`COMMIT`);
    expect(await registration).toEqual({ version: 3, existing: false, champion: true });
    expect(await store.routes.get('raced')).toEqual(route('raced', 3, 3));
    expect((await store.routes.history('raced')).map((row) => row.championVersion)).toEqual([3, 2, 1]);
  });

  test('is left to the rollout that holds the route', async () => {
    await registerNext('held', 'one');
    await registerNext('held', 'two');
    const seen = await store.routes.change({
      ...{ name: 'held', championVersion: 1, challengerVersion: 2, weight: 0.1, logInputs: true },
      ...{ rolloutId: 'rollout/held/1', stage: 0, holder: 'rollout/held/1', expectedRevision: 1 },
      ...{ actor: 'rollout/held/1', reason: 'begins', idempotencyKey: 'begin' },
    });
    const { result } = await registerNext('held', 'three', PROMOTE);
    expect(result).toEqual({ version: 3, existing: false, champion: false });
    expect(await store.routes.get('held')).toEqual(seen);
  });
});

test('a version is never changed or deleted', async () => {
  await registerNext('kept', 'model');
  for (const sql of [
    `UPDATE versions SET learner = 'other'`,
    `DELETE FROM versions`,
    `TRUNCATE versions CASCADE`,
  ]) {
    await expect(bench.admin.query(sql)).rejects.toMatchObject({ code: '23001' });
  }
});

describe('a registration that fails half-way leaves nothing', () => {
  const statements = [
    ['the version', 'INSERT ON versions'],
    ['the route', 'INSERT ON routes'],
    ["the route's history", 'INSERT ON route_history'],
    ['the end of the run', 'UPDATE ON runs'],
    ['the audit', 'INSERT ON audit'],
    ['the end of the audit', 'UPDATE ON audit_head'],
  ] as const;
  const faults = [
    ['an error', `RAISE EXCEPTION 'injected'`, /injected/],
    ['a lost connection', `PERFORM pg_terminate_backend(pg_backend_pid())`, /terminat/i],
  ] as const;
  const cases = statements.flatMap(([at, event], i) =>
    faults.map(([fault, body, message]) => ({
      at,
      event,
      fault,
      body,
      message,
      name: `half-${i}-${fault.length}`,
    })),
  );

  test.each(cases)('$fault at $at', async ({ name, event, body, message }) => {
    const run = await startRun(store, name);
    const version = await versionOf(store, run, 'model');
    const audited = await count(bench.admin, 'audit');
    await bench.admin.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$;
      CREATE TRIGGER fault AFTER ${event} FOR EACH ROW EXECUTE FUNCTION fail()`);
    try {
      await expect(store.registry.register(version, KEEP)).rejects.toThrow(message);
    } finally {
      await bench.admin.query(`DROP FUNCTION fail CASCADE`);
    }
    expect(await store.registry.list(name)).toEqual([]);
    expect(await store.routes.get(name)).toBeUndefined();
    expect(await store.runs.get(name, run.number)).toMatchObject({ status: 'running' });
    expect(await count(bench.admin, 'audit')).toBe(audited);
    expect(await store.registry.register(version, KEEP)).toEqual({
      version: 1,
      existing: false,
      champion: true,
    });
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });
});
