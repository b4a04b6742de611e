import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lifecycleRouteActivities } from '../../activities/lifecycleRoute.ts';
import { registerActivities } from '../../activities/register.ts';
import type { RouteRow } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { openNext, openedRollout, registerVersions } from '../store/rolloutBench.ts';

/** A lifecycle's own changes of the route: once each, and only from the champion that was decided about. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const why = { actor: 'lifecycle/x', reason: 'a test says so' };
const open = new Set<string>();
const dependencies = (seen: Store = store) => ({
  store: seen,
  code: {},
  isOpen: (id: string) => Promise.resolve(open.has(id)),
});
const activities = (seen?: Store) => lifecycleRouteActivities(dependencies(seen));
const champions = async (name: string) =>
  (await store.routes.history(name)).reverse().map(({ championVersion }) => championVersion);
const routeOf = async (name: string) => (await store.routes.get(name)) as RouteRow;

describe('a version that the gate let through', () => {
  test('becomes champion in one change, also where the answer is lost and it is asked again', async () => {
    const name = 'once';
    await registerVersions(store, name, 2);
    const change = { name, version: 2, expectedChampion: 1, ...why, idempotencyKey: 'k' };
    const asked = await Promise.all([1, 2, 3].map(() => activities().promoteByGate(change)));
    expect(asked).toEqual([{ promoted: true }, { promoted: true }, { promoted: true }]);
    expect(await champions(name)).toEqual([1, 2]);
    expect(await routeOf(name)).toEqual({
      name,
      championVersion: 2,
      weight: 0,
      logInputs: false,
      revision: 2,
    });
    expect((await store.audit.list(`route/${name}`))[0]).toMatchObject({
      actor: why.actor,
      action: 'route.change',
      details: { champion: 2, previous: 1, reason: why.reason },
    });
  });

  test('does not where another champion serves than the one that it was compared with', async () => {
    const name = 'compared';
    await registerVersions(store, name, 3);
    const change = { name, ...why };
    await activities().promoteByGate({ ...change, version: 3, expectedChampion: 1, idempotencyKey: 'a' });
    const late = { ...change, version: 2, expectedChampion: 1, idempotencyKey: 'b' };
    expect(await activities().promoteByGate(late)).toEqual({
      promoted: false,
      reason: 'compared@3 is the champion, in place of @1.',
    });
    expect(await champions(name)).toEqual([1, 3]);
  });

  test('keeps what else the route says, and is not put off by a change of that', async () => {
    const name = 'logging';
    await registerVersions(store, name, 2);
    const toggle = async (logInputs: boolean) => {
      const { revision, ...route } = await routeOf(name);
      await store.routes.change({
        ...route,
        logInputs,
        expectedRevision: revision,
        ...why,
        idempotencyKey: randomUUID(),
      });
    };
    let changed = false;
    const meddled: Store = {
      ...store,
      routes: {
        ...store.routes,
        async get(of) {
          const found = await store.routes.get(of);
          if (!changed) await toggle(true);
          changed = true;
          return found;
        },
      },
    };
    const change = { name, version: 2, expectedChampion: 1, ...why, idempotencyKey: 'k' };
    expect(await activities(meddled).promoteByGate(change)).toEqual({ promoted: true });
    expect(await routeOf(name)).toMatchObject({ championVersion: 2, logInputs: true, revision: 3 });
  });

  test('waits for nobody who holds the route', async () => {
    const name = 'held';
    const rollout = await openedRollout(store, name);
    const { revision } = await routeOf(name);
    await store.routes.change({
      name,
      championVersion: 1,
      challengerVersion: 2,
      weight: 0.1,
      rolloutId: rollout.id,
      stage: 0,
      logInputs: false,
      holder: rollout.id,
      expectedRevision: revision,
      ...why,
      idempotencyKey: 'rollout',
    });
    const change = { name, version: 2, expectedChampion: 1, ...why, idempotencyKey: 'k' };
    expect(await activities().promoteByGate(change)).toEqual({
      promoted: false,
      reason: expect.stringContaining(`belongs to ${rollout.id}`) as string,
    });
  });
});

describe('the last healthy version', () => {
  test('is back in one change, and the key of the old promotion makes none', async () => {
    const name = 'back';
    await registerVersions(store, name, 2);
    const promotion = { name, version: 2, expectedChampion: 1, ...why, idempotencyKey: 'promote/2' };
    await activities().promoteByGate(promotion);
    const restore = { name, badVersion: 2, version: 1, ...why, idempotencyKey: 'restore/2' };
    const asked = await Promise.all([1, 2].map(() => activities().restoreChampion(restore)));
    expect(asked).toEqual([{ restored: true }, { restored: true }]);
    expect(await champions(name)).toEqual([1, 2, 1]);
    expect(await activities().promoteByGate(promotion)).toEqual({
      promoted: false,
      reason: expect.stringContaining('was replaced since') as string,
    });
    expect(await champions(name)).toEqual([1, 2, 1]);
  });

  test('is left alone where the bad one is not the champion any more', async () => {
    const name = 'gone';
    await registerVersions(store, name, 3);
    const restore = { name, badVersion: 2, version: 3, ...why, idempotencyKey: 'k' };
    expect(await activities().restoreChampion(restore)).toEqual({
      restored: false,
      reason: 'gone@1 is the champion, in place of @2.',
    });
    expect(await champions(name)).toEqual([1]);
  });
});

describe('the rollout of a version', () => {
  const plan = (name: string, version = 2) =>
    registerActivities(dependencies()).planRollout({ name, version, startedBy: `lifecycle/${name}` });

  test('has the policy of its definition, or the defaults, and a number of its own', async () => {
    const name = 'planned';
    await registerVersions(store, name, 2);
    expect(await plan(name)).toEqual({
      rollout: {
        name,
        number: 1,
        challengerVersion: 2,
        policy: expect.objectContaining({ steps: [10], alpha: 0.01 }) as object,
        startedBy: 'lifecycle/planned',
      },
    });
    // An answer that was lost leaves a gap.
    expect(await plan(name)).toMatchObject({ rollout: { number: 2 } });
    await expect(plan(name, 9)).rejects.toMatchObject({ code: 'NOT_FOUND', value: 'planned@9' });
  });

  test('waits for the one that is under way, unless its workflow was terminated', async () => {
    const name = 'busy';
    await registerVersions(store, name, 2);
    const other = await openNext(store, name);
    open.add(other.id);
    expect(await plan(name)).toEqual({ busy: other.id });
    open.delete(other.id);
    expect(await plan(name)).toMatchObject({ rollout: { number: 2 } });
  });
});
