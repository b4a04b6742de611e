import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteChange } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, type Bench } from './fixtures.ts';
import { openedRollout, registerVersions } from './rolloutBench.ts';

/** A route is changed by one at a time, who has seen its last state, and every state that it was in is kept. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const change = (name: string, fields: Partial<RouteChange>): RouteChange => ({
  ...{ name, championVersion: 1, weight: 0, logInputs: false, expectedRevision: 1 },
  ...{ actor: 'ada', reason: 'because', idempotencyKey: 'one' },
  ...fields,
});
const HELD = { rolloutId: 'rollout/x/1', stage: 0, holder: 'rollout/x/1' };
const CONFLICT = { code: 'ROUTE_CONFLICT' };

describe('a change', () => {
  test('is the route, its history, and one audit row', async () => {
    await registerVersions(store, 'whole', 3);
    const wanted = {
      ...{ name: 'whole', championVersion: 2, challengerVersion: 3, standbyVersion: 1 },
      ...{ weight: 0.1, logInputs: true, rolloutId: HELD.rolloutId, stage: 0 },
    };
    const route = await store.routes.change(change('whole', { ...wanted, ...HELD }));
    expect(route).toEqual({ ...wanted, revision: 2 });
    expect(await store.routes.get('whole')).toEqual(route);
    expect(await store.routes.list()).toContainEqual(route);
    expect(await store.routes.history('whole')).toEqual([
      { ...route, at: expect.stringMatching(/Z$/) as string, actor: 'ada', reason: 'because' },
      expect.objectContaining({ championVersion: 1, revision: 1 }),
    ]);
    expect(await store.routes.history('whole', 1)).toHaveLength(1);
    const { name, championVersion, ...rest } = route;
    expect((await store.audit.list(`route/${name}`))[0]).toMatchObject({
      actor: 'ada',
      action: 'route.change',
      details: { ...rest, champion: championVersion, previous: 1, reason: 'because' },
    });
    expect(await store.routes.get('nobody')).toBeUndefined();
    expect(await store.routes.history('nobody')).toEqual([]);
  });

  test('by who has seen an older state is refused and changes nothing', async () => {
    await registerVersions(store, 'stale', 2);
    await store.routes.change(change('stale', { championVersion: 2 }));
    const audited = await count(bench.admin, 'audit');
    for (const expectedRevision of [0, 1, 3])
      await expect(
        store.routes.change(change('stale', { expectedRevision, idempotencyKey: 'two' })),
      ).rejects.toMatchObject({ ...CONFLICT, field: 'expectedRevision', expected: '2' });
    expect(await store.routes.get('stale')).toMatchObject({ championVersion: 2, revision: 2 });
    expect(await count(bench.admin, 'audit')).toBe(audited);
  });

  test('of eight by as many clients at a time is one, and the others see a conflict', async () => {
    await registerVersions(store, 'raced', 2);
    const stores = await Promise.all(Array.from({ length: 8 }, () => bench.another({ maxConnections: 1 })));
    const outcomes = await Promise.allSettled(
      stores.map((s, i) => s.routes.change(change('raced', { championVersion: 2, idempotencyKey: `${i}` }))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(CONFLICT);
    expect(await store.routes.history('raced')).toHaveLength(2);
  });

  test('again under the same key answers with what the first one made, whatever came after', async () => {
    await registerVersions(store, 'again', 2);
    const asked = change('again', { championVersion: 2 });
    const first = await Promise.all([1, 2, 3].map(() => store.routes.change(asked)));
    for (const route of first) expect(route).toEqual({ ...first[0], championVersion: 2, revision: 2 });
    await store.routes.change(change('again', { expectedRevision: 2, idempotencyKey: 'back' }));
    expect(await store.routes.change({ ...asked, championVersion: 1 })).toEqual(first[0]);
    expect(await store.routes.get('again')).toMatchObject({ championVersion: 1, revision: 3 });
    expect(await store.audit.list('route/again')).toHaveLength(3);
  });

  test('of a route that a rollout holds is the rollout’s alone, until it lets go', async () => {
    await registerVersions(store, 'held', 2);
    await store.routes.change(change('held', { challengerVersion: 2, weight: 0.1, ...HELD }));
    const next = { expectedRevision: 2, idempotencyKey: 'two' };
    for (const holder of [undefined, 'rollout/x/2'])
      await expect(store.routes.change(change('held', { ...next, holder }))).rejects.toMatchObject({
        ...CONFLICT,
        field: 'holder',
        expected: 'rollout/x/1',
      });
    await store.routes.change(change('held', { ...next, holder: HELD.holder }));
    const freed = change('held', { championVersion: 2, expectedRevision: 3, idempotencyKey: 'three' });
    expect(await store.routes.change(freed)).toMatchObject({ revision: 4 });
  });

  test('of a route that names a rollout which has ended is anybody’s, and lets go of it', async () => {
    const { id } = await openedRollout(store, 'left');
    const held = { challengerVersion: 2, weight: 0.1, rolloutId: id, stage: 0, logInputs: true };
    await store.routes.change(change('left', { ...held, holder: id }));
    const byHand = change('left', { expectedRevision: 2, idempotencyKey: 'two' });
    await expect(store.routes.change(byHand)).rejects.toMatchObject({ ...CONFLICT, field: 'holder' });
    await store.rollouts.close('left', 1, { status: 'aborted', reason: 'its workflow was terminated' });
    const freed = await store.routes.change(byHand);
    expect(freed).toEqual({ name: 'left', championVersion: 1, weight: 0, logInputs: false, revision: 3 });
    expect(await store.routes.get('left')).toEqual(freed);
  });

  test('to what is not there, or to what no route can be, is refused', async () => {
    await registerVersions(store, 'wrong', 2);
    const wrong: [Partial<RouteChange>, object][] = [
      [{ name: 'nobody' }, { code: 'NOT_FOUND' }],
      [{ championVersion: 3 }, { code: 'NOT_FOUND', value: 'wrong@3' }],
      [{ challengerVersion: 3, ...HELD }, { code: 'NOT_FOUND' }],
      [{ standbyVersion: 3 }, { code: 'NOT_FOUND' }],
      [{ weight: 0.5 }, { code: 'INVALID_INPUT', field: 'weight' }],
      [{ weight: NaN }, { code: 'INVALID_INPUT', field: 'weight' }],
      [
        { challengerVersion: 2, weight: 1.1, ...HELD },
        { code: 'INVALID_INPUT', field: 'weight' },
      ],
      [
        { challengerVersion: 1, ...HELD },
        { code: 'INVALID_INPUT', field: 'challengerVersion' },
      ],
      [{ challengerVersion: 2 }, { code: 'INVALID_INPUT', field: 'challengerVersion' }],
      [{ standbyVersion: 1 }, { code: 'INVALID_INPUT', field: 'standbyVersion' }],
      [{ rolloutId: 'rollout/x/1' }, { code: 'INVALID_INPUT', field: 'stage' }],
      [
        { rolloutId: 'rollout/x/1', stage: 0.5 },
        { code: 'INVALID_INPUT', field: 'stage' },
      ],
    ];
    for (const [fields, error] of wrong)
      await expect(store.routes.change(change('wrong', fields))).rejects.toMatchObject(error);
    expect(await store.routes.history('wrong')).toHaveLength(1);
  });

  test('past the program keeps the invariants too', async () => {
    await registerVersions(store, 'guarded', 2);
    const sql = (set: string) =>
      bench.admin.query(`UPDATE routes SET ${set}, revision = revision + 1 WHERE name = 'guarded'`);
    const held = `rollout_id = 'r', stage = 0`;
    for (const [set, constraint] of [
      ['weight = 0.1', 'routes_share_needs_a_challenger'],
      [`weight = 'NaN', challenger_version = 2, ${held}`, 'routes_weight_is_a_share'],
      ['challenger_version = 2', 'routes_challenger_needs_a_rollout'],
      [`challenger_version = 1, ${held}`, 'routes_roles_are_distinct'],
      ['standby_version = 1', 'routes_roles_are_distinct'],
      ['stage = 0', 'routes_rollout_has_a_stage'],
      ['champion_version = 2', 'routes_are_history'],
    ])
      await expect(sql(set), set).rejects.toMatchObject({ constraint });
    for (const statement of [
      `DELETE FROM routes`,
      `UPDATE route_history SET champion_version = 2`,
      `DELETE FROM route_history`,
      `TRUNCATE route_history CASCADE`,
    ])
      await expect(bench.admin.query(statement), statement).rejects.toMatchObject({ code: '23001' });
  });
});

describe('the champion at a time', () => {
  test('is told for every moment since there was one', async () => {
    await registerVersions(store, 'past', 3);
    await store.routes.change(change('past', { championVersion: 2 }));
    await store.routes.change(
      change('past', { championVersion: 3, expectedRevision: 2, idempotencyKey: 'b' }),
    );
    const [third, second, first] = await store.routes.history('past');
    expect([first, second, third].map(({ championVersion }) => championVersion)).toEqual([1, 2, 3]);
    expect(await store.routes.at('past', new Date().toISOString())).toEqual(third);
    expect(await store.routes.at('past', third.at)).toEqual(third);
    const before = (time: string) => new Date(Date.parse(time) - 1).toISOString();
    expect(await store.routes.at('past', before(first.at))).toBeUndefined();
    expect((await store.routes.at('past', before(third.at)))?.revision).toBeLessThan(3);
    expect(await store.routes.at('past', '9999-12-31T23:59:59Z')).toEqual(third);
  });

  test('is taken from the audit for routes that are older than the history', async () => {
    await registerVersions(store, 'older', 2);
    await store.routes.change(change('older', { championVersion: 2 }));
    const kept = await store.routes.history('older');
    // What the migration does, on a history that is gone.
    const sql = await readFile(new URL('../../store/migrations/0002_routes.sql', import.meta.url), 'utf8');
    const backfill = sql.slice(
      sql.indexOf('INSERT INTO route_history'),
      sql.indexOf('CREATE TRIGGER route_history_is_append_only'),
    );
    await bench.admin.query(`BEGIN; SET session_replication_role = replica; DELETE FROM route_history`);
    await bench.admin.query(backfill);
    const { rows } = await bench.admin.query<{ revision: number; champion: number; at: Date; actor: string }>(
      `SELECT revision, champion_version AS champion, at, actor FROM route_history
       WHERE name = 'older' ORDER BY revision DESC`,
    );
    await bench.admin.query(`ROLLBACK`);
    const told = ({ revision, champion, actor }: (typeof rows)[number]) => ({ revision, champion, actor });
    expect(rows.map(told)).toEqual(
      kept.map((row) => told({ ...row, champion: row.championVersion, at: new Date() })),
    );
    // The audit row of a change is written a moment after the change.
    for (const [i, { at }] of kept.entries()) {
      expect(+rows[i].at - Date.parse(at)).toBeGreaterThanOrEqual(0);
      expect(+rows[i].at - Date.parse(at)).toBeLessThan(60_000);
    }
  });
});
