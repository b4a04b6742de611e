import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atRest, replayPast, type PastRow } from '../../client/replayPast.ts';
import { csv, days, defineLifecycle, tree, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import {
  lifecycleOrders,
  lifecycleQuery,
  triggerSignal,
  type DeployAnswer,
  type LifecycleProgress,
} from '../../workflows/lifecycleMessages.ts';
import { ids, queues } from '../../workflows/messages.ts';
import { rolloutOrders } from '../../workflows/rolloutMessages.ts';
import { openBench, type Bench } from './bench.ts';
import { csvOf, DAY_MS, span, START } from './pastParcels.ts';
import { eventually } from './rollouts.ts';

/** A model lives: it is deployed, watched, retrained, replaced and brought back, by what it meets and by nothing else. */
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
}, 120_000);
afterAll(() => bench.close());

function define(name: string, more: Partial<LifecycleInput> = {}): Definition {
  bench.write(`${name}.csv`, csvOf(span(0, 8)));
  return defineLifecycle({
    name,
    sources: { parcels: csv(`${name}.csv`) },
    target: 'late',
    key: 'id',
    time: 'seen',
    features: [{ kind: 'passthrough', columns: ['size', 'weight'] }],
    search: [tree({ maxDepth: 3 })],
    select: { metric: 'accuracy', folds: 2 },
    watch: { everyMs: days(1), quality: { minLabels: 100 } },
    retrain: { data: 'predictions', window: { kind: 'sliding', ms: days(2) }, cooldownMs: days(2) },
    ...more,
  });
}

async function deploy(definition: Definition, actor = 'ann', reason = 'a test'): Promise<DeployAnswer> {
  const { name } = definition;
  const definitionHash = await bench.store.definitions.put(definition);
  const order = { definitionHash, baseDirectory: bench.folder, actor, reason };
  await bench.temporal.workflow
    .start('lifecycle', { workflowId: ids.lifecycle(name), taskQueue: queues.orchestrator, args: [{ name }] })
    .catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError')) throw error;
    });
  return handleOf(name).executeUpdate(lifecycleOrders.deploy, { args: [order] });
}

const handleOf = (name: string) => bench.temporal.workflow.getHandle(ids.lifecycle(name));
const progressOf = (name: string) => handleOf(name).query(lifecycleQuery);
const rest = (name: string) => atRest(bench.temporal, name);

function replay(name: string, rows: readonly PastRow[], more: { watched?: boolean; rest?: false } = {}) {
  const { store, temporal } = bench;
  return replayPast({
    store,
    temporal,
    name,
    rows,
    chunkMs: DAY_MS,
    labelDelayMs: 0,
    watched: true,
    ...more,
  });
}

/** Deployed, with its first version serving. */
async function serving(name: string, more: Partial<LifecycleInput> = {}): Promise<LifecycleProgress> {
  await deploy(define(name, more));
  return rest(name);
}

describe('a deployment', () => {
  test(
    'of a new model trains it, and its first version serves under a watch',
    { timeout: 120_000 },
    async () => {
      const answer = await deploy(define('fresh'));
      expect(answer).toMatchObject({ number: 1, action: 'train' });
      const progress = await rest('fresh');
      expect(progress).toMatchObject({ phase: 'serving', champion: 1, watching: true });
      expect(await bench.store.routes.get('fresh')).toMatchObject({ championVersion: 1, logInputs: true });
      expect(await bench.store.lifecycles.get('fresh')).toMatchObject({ state: { champion: 1 } });
    },
  );

  test('does again just what the change concerns', { timeout: 180_000 }, async () => {
    await serving('changing');
    const canary = await deploy(define('changing', { canary: { steps: [20] } }));
    expect(canary).toEqual({
      number: 2,
      changes: [{ section: 'canary', redo: 'nothing' }],
      action: 'nothing',
    });
    expect(await bench.store.runs.list('changing')).toHaveLength(1);
    const features = await deploy(
      define('changing', {
        features: [{ kind: 'passthrough', columns: ['size'] }],
        canary: { steps: [20], start: 'manual' },
      }),
    );
    expect(features.action).toBe('train');
    await rest('changing');
    const runs = await bench.store.runs.list('changing');
    expect(runs).toHaveLength(2);
    // Old runs keep their own definition.
    expect(new Set(runs.map(({ definitionHash }) => definitionHash)).size).toBe(2);
  });

  test(
    'that declares no watch any more ends it, and inputs are logged no longer',
    { timeout: 120_000 },
    async () => {
      await serving('unwatched');
      await deploy(define('unwatched', { watch: undefined, retrain: undefined }));
      expect(await rest('unwatched')).toMatchObject({ champion: 1, watching: false });
      expect(await bench.store.routes.get('unwatched')).toMatchObject({
        championVersion: 1,
        logInputs: false,
      });
      await deploy(define('unwatched'));
      expect(await rest('unwatched')).toMatchObject({ champion: 1, watching: true });
      expect(await bench.store.routes.get('unwatched')).toMatchObject({
        championVersion: 1,
        logInputs: true,
      });
    },
  );
});

describe('the watch', () => {
  test('says nothing of a quiet world, and starts nothing', { timeout: 120_000 }, async () => {
    await serving('quiet');
    const chunks = await replay('quiet', span(8, 14));
    expect(chunks.map(({ watched }) => watched?.verdict.state)).toEqual(Array(6).fill('clean'));
    expect(chunks.at(-1)?.watched?.verdict.quality).toBe('holds');
    expect(await bench.store.runs.list('quiet')).toHaveLength(1);
    expect(await bench.store.watch.windows('quiet')).toHaveLength(6);

    // Removed and deployed again it goes on from there, also its windows.
    await bench.client.lifecycles.attach('quiet').remove({ actor: 'ann', reason: 'for a while' });
    expect((await deploy(define('quiet'))).action).toBe('nothing');
    expect(await rest('quiet')).toMatchObject({ champion: 1, watching: true });
    const later = await replay('quiet', span(14, 16));
    expect(later.map(({ watched }) => watched?.window)).toEqual([7, 8]);
    expect((await progressOf('quiet')).watched?.window).toBe(8);
  });

  test(
    'has a model retrained that drifted and fell, once, and the better one serves',
    { timeout: 180_000 },
    async () => {
      await serving('moving');
      const before = await replay('moving', span(8, 11));
      const after = await replay('moving', span(11, 18, { late: 'small', shift: 3 }));
      expect(before.at(-1)?.quality).toBeGreaterThan(0.8);
      expect(after[0].quality).toBeLessThan(0.6);
      expect(after.at(-1)?.quality).toBeGreaterThan(0.8);
      const progress = await rest('moving');
      expect(progress.champion).toBeGreaterThan(1);
      const triggers = await bench.store.lifecycles.triggers('moving');
      const drifts = triggers.filter(({ kind, decision }) => kind === 'drift' && decision === 'train');
      expect(drifts.length).toBeGreaterThanOrEqual(1);
      // One retraining a trigger, and the first training.
      expect(await bench.store.runs.list('moving')).toHaveLength(drifts.length + 1);
      const actions = (await bench.store.audit.list('lifecycle/moving')).map(({ action }) => action);
      expect(actions).toContain('trigger.train');
    },
  );

  test.each([
    ['a change of unit in one column', { unit: 0.01 }, 'unit'],
    ['a column that is suddenly null', { missing: true }, 'missing'],
  ] as const)(
    'tells %s as a fault and retrains on nothing',
    { timeout: 120_000 },
    async (_what, world, kind) => {
      const name = `fault-${kind}`;
      await serving(name, { retrain: { data: 'predictions', onDrift: 'any', cooldownMs: 0 } });
      await replay(name, span(8, 11));
      const broken = await replay(name, span(11, 15, world));
      expect(broken.map(({ watched }) => watched?.verdict.state)).toEqual(Array(4).fill('fault'));
      expect(broken[0].watched?.verdict.faults.map((fault) => fault.kind)).toContain(kind);
      expect(await bench.store.runs.list(name)).toHaveLength(1);
      expect((await progressOf(name)).recent.at(-1)?.text).toContain('size');
    },
  );
});

describe('a world that changes at once, and stays', () => {
  test(
    'is a fault for as many windows as were declared, each column by itself, and then drift',
    { timeout: 300_000 },
    async () => {
      const name = 'for-good';
      const watch = { everyMs: days(1), quality: { minLabels: 100 }, data: { patience: 2 } };
      await serving(name, { watch, retrain: { onDrift: 'never' } });
      await replay(name, span(8, 10));
      const larger = await replay(name, span(10, 11, { shift: 20 }));
      const heavier = await replay(name, span(11, 15, { shift: 20, heavier: 20 }));
      const said = [...larger, ...heavier].map(({ watched }) => watched?.verdict);
      expect(said.map((verdict) => verdict?.state)).toEqual([
        ...Array<string>(3).fill('fault'),
        ...Array<string>(2).fill('shifted'),
      ]);
      expect(said.map((verdict) => verdict?.faults.map(({ column }) => column))).toEqual([
        ['size'],
        ['size', 'weight'],
        ['weight'],
        [],
        [],
      ]);
    },
  );
});

describe('a trigger that has to wait for the cooldown', () => {
  const calendar = (at: string) => ({
    ...{ id: `calendar/${at}`, kind: 'schedule' as const, reason: 'it is time', by: 'a calendar', at },
  });
  const retrain = (cooldownMs: number) =>
    ({ data: 'source', cooldownMs, schedule: { everyMs: days(400) } }) satisfies LifecycleInput['retrain'];

  test('is taken up when the replayed past has got that far', { timeout: 180_000 }, async () => {
    const name = 'cooling-past';
    await serving(name, { retrain: retrain(days(3)) });
    await replay(name, span(8, 9));
    for (const day of [9, 10])
      await handleOf(name).signal(triggerSignal, calendar(new Date(START + day * DAY_MS).toISOString()));
    expect((await rest(name)).waiting?.until).toBe(new Date(START + 12 * DAY_MS).toISOString());
    expect(await bench.store.runs.list(name)).toHaveLength(2);
    await replay(name, span(9, 11));
    expect(await bench.store.runs.list(name)).toHaveLength(2);
    await replay(name, span(11, 12));
    expect((await rest(name)).pending).toBeUndefined();
    expect(await bench.store.runs.list(name)).toHaveLength(3);
  });

  test('is taken up by a timer where time is the database’s', { timeout: 180_000 }, async () => {
    const name = 'cooling-now';
    // Longer than a training takes on a machine with other work.
    await serving(name, { retrain: retrain(40_000) });
    for (const nth of [1, 2])
      await handleOf(name).signal(triggerSignal, {
        ...calendar(new Date().toISOString()),
        id: `calendar/${nth}`,
      });
    expect((await rest(name)).waiting?.until).toBeDefined();
    await waitFor(name, ({ pending, settled, training }) => !pending && settled && !training);
    expect(await bench.store.runs.list(name)).toHaveLength(3);
  });
});

describe('within probation', () => {
  test(
    'a champion below the floor goes back in one change of the route, and is marked',
    { timeout: 180_000 },
    async () => {
      const name = 'floor';
      await serving(name, {
        watch: { everyMs: days(1), quality: { minLabels: 100, atLeast: 0.7 }, probationMs: days(30) },
      });
      await replay(name, span(8, 10));
      // Upside down for three days: the model learns it, and then the world turns back.
      await replay(name, span(10, 14, { late: 'small' }));
      await handleOf(name).executeUpdate(lifecycleOrders.retrain, {
        args: [{ actor: 'ann', reason: 'it changed' }],
      });
      expect((await rest(name)).champion).toBe(2);
      const before = await bench.store.routes.history(name);
      await replay(name, span(14, 17));
      const progress = await rest(name);
      expect(progress.champion).toBe(1);
      const after = await bench.store.routes.history(name);
      expect(after).toHaveLength(before.length + 1);
      expect(after[0]).toMatchObject({ championVersion: 1, actor: `lifecycle/${name}` });
      expect(after[0].reason).toContain('below');
      expect(await bench.store.lifecycles.badVersions(name)).toMatchObject([{ version: 2 }]);
    },
  );
});

describe('within probation, with a rollout under way', () => {
  const probation = (canary: LifecycleInput['canary']): Partial<LifecycleInput> => ({
    canary: { start: 'automatic', ...canary },
    watch: { everyMs: days(1), quality: { minLabels: 100, atLeast: 0.7 }, probationMs: days(30) },
    select: { metric: 'accuracy', folds: 2, tolerance: 1 },
  });
  const order = { actor: 'ann', reason: 'a test' };

  /** A version that learned a world upside down, with every key by its rollout. */
  async function promotedByRollout(name: string, more: Partial<LifecycleInput>): Promise<void> {
    await serving(name, more);
    await replay(name, span(8, 10));
    await replay(name, span(10, 14, { late: 'small' }));
    await handleOf(name).executeUpdate(lifecycleOrders.retrain, { args: [order] });
    await waitFor(name, ({ rollout }) => rollout !== undefined);
    const rollout = bench.temporal.workflow.getHandle(ids.rollout(name, 1));
    await eventually(
      async () => void (await rollout.executeUpdate(rolloutOrders.promote, { args: [order] })),
    );
    expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 2 });
  }

  test('that promoted the champion, its rollback is the way back', { timeout: 240_000 }, async () => {
    const name = 'floor-by-rollout';
    await promotedByRollout(name, probation({ probationMs: days(1) }));
    // The world turns back, and the watch tells of the new champion before its rollout has ended.
    await replay(name, span(14, 17), { rest: false });
    const progress = await rest(name);
    expect(progress).toMatchObject({ champion: 1, rejectedInARow: 1 });
    expect(progress.probation).toBeUndefined();
    expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 1 });
    expect(await bench.store.lifecycles.badVersions(name)).toMatchObject([{ version: 2 }]);
    expect((await bench.store.rollouts.get(name, 1))?.status).toBe('rolled-back');
  });

  test('of another challenger, that is aborted first, and is not marked', { timeout: 240_000 }, async () => {
    const name = 'floor-beside-rollout';
    const more = probation({ probationMs: 0 });
    await promotedByRollout(name, more);
    expect((await rest(name)).probation).toMatchObject({ version: 2, previousVersion: 1 });
    await deploy(define(name, { ...more, search: [tree({ maxDepth: 1 })] }));
    await waitFor(name, ({ rollout }) => rollout?.challengerVersion === 3);
    await replay(name, span(14, 17), { rest: false });
    const progress = await rest(name);
    expect(progress.champion).toBe(1);
    expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 1 });
    expect(await bench.store.lifecycles.badVersions(name)).toMatchObject([{ version: 2 }]);
    expect((await bench.store.rollouts.get(name, 2))?.status).toBe('aborted');
  });
});

describe('a training that gives the bytes of a version again', () => {
  const name = 'again';
  const retrainAsOf = (day: number) =>
    handleOf(name).executeUpdate(lifecycleOrders.retrain, {
      args: [{ actor: 'ann', reason: 'once more', at: new Date(START + day * DAY_MS).toISOString() }],
    });
  const rejections = async () =>
    (await bench.store.audit.list(`lifecycle/${name}`)).filter(
      ({ action }) => action === 'challenger.reject',
    );

  test('which is the champion, changes nothing', { timeout: 180_000 }, async () => {
    await serving(name);
    await replay(name, span(8, 10));
    await replay(name, span(10, 14, { late: 'small' }));
    await retrainAsOf(14);
    expect((await rest(name)).champion).toBe(2);
    const history = await bench.store.routes.history(name);
    await retrainAsOf(14);
    const progress = await rest(name);
    expect(progress).toMatchObject({ champion: 2, rejectedInARow: 0 });
    expect(progress.recent.at(-1)?.text).toContain('nothing new');
    expect(await bench.store.runs.get(name, 3)).toMatchObject({ status: 'registered', version: 2 });
    expect(await bench.store.routes.history(name)).toEqual(history);
    expect(await rejections()).toMatchObject([{ details: { version: 2, source: 'training 3' } }]);
  });

  test('which was marked as bad, promotes nothing and counts as rejected', { timeout: 180_000 }, async () => {
    const { store } = bench;
    await store.lifecycles.markBad(name, 2, 'it was below the floor', `lifecycle/${name}`);
    const route = await store.routes.get(name);
    await store.routes.change({
      ...{ name, championVersion: 1, weight: 0, logInputs: true, expectedRevision: route?.revision ?? 0 },
      ...{ actor: 'ann', reason: 'back', idempotencyKey: 'back' },
    });
    const history = await store.routes.history(name);
    await retrainAsOf(14);
    const progress = await rest(name);
    expect(progress.rejectedInARow).toBe(1);
    expect(progress.recent.at(-1)?.text).toContain('it was below the floor');
    expect(await store.runs.get(name, 4)).toMatchObject({ status: 'registered', version: 2 });
    expect(await store.routes.history(name)).toEqual(history);
    expect((await rejections())[0]).toMatchObject({
      actor: `lifecycle/${name}`,
      details: { version: 2, because: expect.stringContaining('it was below the floor') as string },
    });
  });
});

describe('a person', () => {
  test('pauses, resumes and is asked, and each stands in the audit', { timeout: 180_000 }, async () => {
    const name = 'asked';
    await serving(name, {
      retrain: { data: 'source', cooldownMs: 0 },
      approvals: { before: ['retrain'], fourEyes: true },
    });
    const order = (actor: string, reason: string) => ({ actor, reason });
    const update = handleOf(name).executeUpdate.bind(handleOf(name));
    await expect(update(lifecycleOrders.resume, { args: [order('ann', 'x')] })).rejects.toMatchObject({
      cause: { type: 'LIFECYCLE_STATE' },
    });
    await update(lifecycleOrders.pause, { args: [order('ann', 'holidays')] });
    await handleOf(name).signal(triggerSignal, {
      ...{ id: 'event/1', kind: 'event', reason: 'a new season', by: 'shop', at: new Date().toISOString() },
    });
    expect((await waitFor(name, ({ pending }) => pending !== undefined)).waiting?.reason).toContain(
      'holidays',
    );
    const resumed = await update(lifecycleOrders.resume, { args: [order('bob', 'back')] });
    expect(resumed.approval).toMatchObject({ kind: 'retrain' });
    const id = resumed.approval?.id ?? '';
    // The author of the definition may not approve.
    await expect(
      update(lifecycleOrders.approve, { args: [{ ...order('ann', 'mine'), id }] }),
    ).rejects.toMatchObject({ cause: { type: 'LIFECYCLE_STATE' } });
    await update(lifecycleOrders.approve, { args: [{ ...order('bob', 'go on'), id }] });
    await rest(name);
    expect(await bench.store.runs.list(name)).toHaveLength(2);
    // The same trigger once more is none.
    await handleOf(name).signal(triggerSignal, {
      ...{ id: 'event/1', kind: 'event', reason: 'a new season', by: 'shop', at: new Date().toISOString() },
    });
    await pause(500);
    expect(await rest(name)).toMatchObject({ phase: 'serving' });
    expect(await bench.store.runs.list(name)).toHaveLength(2);
    const actions = (await bench.store.audit.list(`lifecycle/${name}`)).map(
      ({ action, actor }) => `${action} ${actor}`,
    );
    expect(actions).toEqual(
      expect.arrayContaining([
        ...['lifecycle.pause ann', 'lifecycle.resume bob', 'approval.ask shop', 'approval.approve bob'],
        'trigger.train shop',
      ]),
    );
  });
});

async function waitFor(
  name: string,
  holds: (progress: LifecycleProgress) => boolean,
): Promise<LifecycleProgress> {
  for (;;) {
    const progress = await progressOf(name);
    if (holds(progress)) return progress;
    await pause(100);
  }
}
