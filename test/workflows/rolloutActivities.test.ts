import { MockActivityEnvironment } from '@temporalio/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { releaseAbandoned } from '../../activities/abandoned.ts';
import { pairActivities } from '../../activities/pairs.ts';
import { rolloutActivities } from '../../activities/rollout.ts';
import { routeActivities, type ChangedRoute } from '../../activities/route.ts';
import { canarySchema, type CanaryInput } from '../../decisions/canary/policy.ts';
import type { Signature } from '../../store/types.ts';
import { registerModel, someBatch, tinyModel, type TinyOptions } from '../serving/fixtures.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { append, leftBy, twoVersions } from './rollouts.ts';

/** What a rollout's activities do to the store, called again or beside somebody else. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe('changing the route', () => {
  const change = (
    name: string,
    key: string,
    more: { expectedRevision?: number; own?: object[] } = {},
  ): Promise<ChangedRoute> => {
    const activities = routeActivities({
      store: bench.store,
      isOpen: () => Promise.resolve(true),
      code: {},
    });
    const environment = new MockActivityEnvironment();
    return environment.run<[], ChangedRoute, () => Promise<ChangedRoute>>(() =>
      activities.changeRoute({
        name,
        holder: `rollout/${name}/1`,
        own: (more.own ?? []) as never,
        wanted: {
          championVersion: 1,
          challengerVersion: 2,
          weight: 0.1,
          rolloutId: `rollout/${name}/1`,
          stage: 0,
          logInputs: true,
        },
        expectedRevision: more.expectedRevision ?? 1,
        actor: `rollout/${name}/1`,
        reason: 'a test',
        idempotencyKey: `execution/${key}`,
      }),
    );
  };

  test('again is the same change, at the same time', async () => {
    await twoVersions(bench.store, 'again');
    const first = await change('again', 'a');
    expect(first.revision).toBe(2);
    expect(await change('again', 'a')).toEqual(first);
    // Whatever key it had: the route is as wanted.
    expect(await change('again', 'b')).toEqual(first);
    expect((await leftBy(bench.store, 'again')).states).toEqual(['1', '1 +2 at 0.1']);
  });

  test('goes on from a state of its own under a revision that it does not know', async () => {
    await twoVersions(bench.store, 'own');
    const own = {
      championVersion: 1,
      challengerVersion: 2,
      weight: 0,
      rolloutId: 'rollout/own/1',
      stage: 0,
      logInputs: true,
    };
    await bench.store.routes.change({
      ...own,
      name: 'own',
      expectedRevision: 1,
      actor: 'rollout/own/1',
      reason: 'lost',
      idempotencyKey: 'lost',
    });
    expect(await change('own', 'c', { own: [own] })).toMatchObject({ revision: 3 });
  });

  test('that somebody else has changed is refused, with who it was and why', async () => {
    await twoVersions(bench.store, 'other');
    const other = { name: 'other', championVersion: 2, weight: 0, logInputs: false, expectedRevision: 1 };
    await bench.store.routes.change({
      ...other,
      actor: 'bob',
      reason: 'an emergency',
      idempotencyKey: 'bob',
    });
    await expect(change('other', 'd')).rejects.toMatchObject({
      code: 'ROUTE_CONFLICT',
      message: 'The route of other was changed by bob: an emergency',
    });
    expect((await leftBy(bench.store, 'other')).states).toEqual(['1', '2']);
  });
});

test('opening one again, when somebody was made champion since, is refused', async () => {
  const { store } = bench;
  const name = 'overtaken';
  await twoVersions(store, name);
  await registerModel(store, name, await tinyModel({ seed: 3 }));
  const activities = rolloutActivities({ store, isOpen: () => Promise.resolve(true), code: {} });
  const opening = {
    ...{ name, number: 1, id: `rollout/${name}/1`, executionId: randomUUID(), challengerVersion: 2 },
    ...{ startedBy: 'tester', policy: canarySchema.parse({}) },
  };
  const opened = await activities.openRollout(opening);
  expect(opened).toMatchObject({ championVersion: 1, revision: 1 });
  expect(await activities.openRollout(opening)).toEqual(opened);
  await store.routes.change({
    ...{ name, championVersion: 3, weight: 0, logInputs: false, expectedRevision: 1 },
    ...{ actor: 'bob', reason: 'an emergency', idempotencyKey: 'bob' },
  });
  await expect(activities.openRollout(opening)).rejects.toMatchObject({
    code: 'ROUTE_CONFLICT',
    message: 'overtaken@3 became the champion while the rollout began.',
  });
});

describe('releasing a rollout whose workflow was terminated', () => {
  test('in its probation, again after a death between the route and the row, is a promotion', async () => {
    const { store } = bench;
    const name = 'released';
    await twoVersions(store, name);
    const id = `rollout/${name}/1`;
    const row = await store.rollouts.open({
      ...{ name, number: 1, id, executionId: randomUUID(), challengerVersion: 2, startedBy: 'tester' },
      policy: canarySchema.parse({}),
    });
    await store.routes.change({
      ...{ name, championVersion: 2, standbyVersion: 1, weight: 0, stage: 1, rolloutId: id, holder: id },
      ...{ logInputs: true, expectedRevision: 1, actor: id, reason: 'promoted', idempotencyKey: 'promote' },
    });
    const isOpen = () => Promise.resolve(false);
    const close = () => Promise.reject(new Error('Connection terminated unexpectedly'));
    const dying = { ...store, rollouts: { ...store.rollouts, close } };
    await expect(releaseAbandoned({ store: dying, isOpen }, row)).rejects.toThrow('terminated unexpectedly');
    expect(await releaseAbandoned({ store, isOpen }, row)).toBe(true);
    expect(await leftBy(store, name)).toMatchObject({
      states: ['1', '2 standby 1', '2'],
      row: { status: 'promoted', reason: expect.stringContaining('the challenger stays') as string },
      // As before the rollout.
      route: { logInputs: false },
    });
  });
});

describe('scoring pairs', () => {
  const ROWS = 40;

  /** Rows that the champion answered, with these labels. */
  async function answered(
    name: string,
    accuracy: NonNullable<NonNullable<CanaryInput['guards']>['accuracy']>,
    label: (row: number) => string | number,
    options: TinyOptions = {},
    change: (signature: Signature) => Signature = (signature) => signature,
  ) {
    const { store } = bench;
    await registerModel(store, name, await tinyModel({ ...options, seed: 1 }));
    const second = await tinyModel({ ...options, seed: 2 });
    await registerModel(store, name, { ...second, signature: change(second.signature) });
    const id = `rollout/${name}/1`;
    await store.rollouts.open({
      ...{ name, number: 1, id, executionId: randomUUID(), challengerVersion: 2, startedBy: 'tester' },
      policy: canarySchema.parse({ guards: { accuracy } }),
    });
    await append(store, [
      {
        ...{
          at: Date.now(),
          requestId: randomUUID(),
          name,
          version: 1,
          arm: 'champion',
          rolloutId: id,
          stage: 0,
        },
        ...{ rows: ROWS, keys: Array.from({ length: ROWS }, (_, i) => `k${i}`), status: 0, latencyUs: 100 },
        inputs: { batch: someBatch(ROWS) },
      },
    ]);
    await store.labels.put(
      name,
      Array.from({ length: ROWS }, (_, i) => ({ key: `k${i}`, value: label(i) })),
    );
    const activities = pairActivities({ store });
    const stages = [{ stage: 0, weight: 0.1, startedAt: new Date(0).toISOString() }];
    return {
      score: () => new MockActivityEnvironment().run(() => activities.scorePairs({ name, number: 1 })),
      pairs: async () => (await store.rollouts.counts(name, 1, stages)).pairs,
    };
  }

  test('again scores nothing twice; a corrected label makes the pair anew', async () => {
    const { score, pairs } = await answered('twice', { minPairs: 50 }, () => 'true');
    expect(await score()).toEqual({ paired: ROWS });
    const before = await pairs();
    expect(before?.pairs).toBe(ROWS);
    expect(await score()).toEqual({ paired: 0 });
    expect(await pairs()).toEqual(before);
    await bench.store.labels.put('twice', [{ key: 'k0', value: 'false' }]);
    expect(await score()).toEqual({ paired: 1 });
    const after = await pairs();
    expect(after?.pairs).toBe(ROWS);
    expect(Math.abs((after?.championLoss ?? 0) - (before?.championLoss ?? 0))).toBeCloseTo(1 / ROWS, 12);
  });

  test('a version that does not know the class is wrong about it, by the whole of a bounded loss', async () => {
    const { score, pairs } = await answered(
      'unknown-class',
      { loss: 'logLoss', bound: 4 },
      () => 'high',
      { task: 'multiclass' },
      (signature) => ({ ...signature, classes: ['low', 'middle', 'highest'] }),
    );
    expect(await score()).toEqual({ paired: ROWS });
    const found = await pairs();
    expect(found?.challengerLoss).toBe(4);
    expect(found?.championLoss).toBeLessThan(4);
  });

  test('a quantity is cut at the bound that the policy states', async () => {
    const { score, pairs } = await answered(
      'quantity',
      { loss: 'auto', bound: 25 },
      (row) => (row === 0 ? 'many' : 1_000_000),
      { task: 'regression' },
    );
    expect(await score()).toEqual({
      paired: ROWS - 1,
      unusable: '1 labelled key cannot be scored, for example: "many" is no number',
    });
    expect(await pairs()).toMatchObject({ championLoss: 25, challengerLoss: 25, mean: 0 });
  });
});
