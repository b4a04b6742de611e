import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defaultPayloadConverter } from '@temporalio/common';
import { csv, tree } from '../../config/define.ts';
import { PerennialError } from '../../config/errors.ts';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';
import type { Store } from '../../store/types.ts';
import { ids } from '../../workflows/messages.ts';
import type { Order } from '../../workflows/orderMessages.ts';
import { rolloutOrders } from '../../workflows/rolloutMessages.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { small } from './definitions.ts';
import { executionsOf, payloadBytes } from './histories.ts';
import { eventually, leftBy, serve, startRollout, stopTraffic, twoVersions } from './rollouts.ts';

/** What people and accidents do to a rollout that is under way, and how it ends all the same. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000, maxConcurrency: 6 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({ store: (own) => slow(unwatchable(own, 'unwatched'), 'many') });
});
afterAll(async () => {
  await stopTraffic();
  await bench.close();
});

/** Nothing can be counted in the probation of this model's rollouts. */
function unwatchable(own: Store, model: string): Store {
  const counts: Store['rollouts']['counts'] = async (name, number, stages) => {
    if (name === model && stages.at(-1)?.weight === 1) throw new PerennialError('INTERNAL', 'no count');
    return own.rollouts.counts(name, number, stages);
  };
  return { ...own, rollouts: { ...own.rollouts, counts } };
}

/** To count takes long, as of millions of predictions. */
function slow(own: Store, model: string): Store {
  const counts: Store['rollouts']['counts'] = async (name, number, stages) => {
    if (name === model) await pause(SLOW_MS);
    return own.rollouts.counts(name, number, stages);
  };
  return { ...own, rollouts: { ...own.rollouts, counts } };
}

const SLOW_MS = 2_000;

async function begun(
  name: string,
  ...more: Parameters<typeof startRollout> extends [unknown, unknown, ...infer R] ? R : never
) {
  await twoVersions(bench.store, name);
  const started = await startRollout(bench, name, ...more);
  await started.until('serving');
  return started;
}

describe.concurrent('a person', () => {
  test('pauses: looks go on and nothing is decided; resumes: it goes on', async () => {
    const started = await begun('paused');
    expect(await started.order('pause', 'a public holiday')).toMatchObject({ phase: 'paused' });
    await expect(started.order('pause')).rejects.toMatchObject({ cause: { type: 'ROLLOUT_PHASE' } });
    const traffic = serve(bench.store, 'paused');
    const last = async () => (await started.progress()).last?.verdict.action;
    await eventually(async () => expect(await last()).toBe('promote'));
    const { looks } = await started.progress();
    await eventually(async () => expect((await started.progress()).looks).toBeGreaterThan(looks));
    expect(await started.progress()).toMatchObject({ phase: 'paused' });
    expect(await started.order('resume')).toMatchObject({ phase: 'serving' });
    expect(await started.handle.result()).toMatchObject({ outcome: 'promoted' });
    await traffic.stop();
    const left = await leftBy(bench.store, 'paused');
    expect(left.audit).toEqual([
      'rollout.open',
      'rollout.pause by ann',
      'rollout.resume by ann',
      'rollout.close',
    ]);
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '2']);
    const [pause] = await bench.store.audit
      .list(started.id)
      .then((rows) => rows.filter((row) => row.action === 'rollout.pause'));
    expect(pause.details).toMatchObject({ reason: 'a public holiday', phase: 'serving' });
  });

  test('is waited for where the policy asks for approval', async () => {
    const started = await begun('approved', { approve: true });
    await expect(started.order('approve')).rejects.toMatchObject({ cause: { type: 'ROLLOUT_PHASE' } });
    const traffic = serve(bench.store, 'approved');
    await started.until('awaiting-approval');
    const { looks } = await started.progress();
    await eventually(async () => expect((await started.progress()).looks).toBeGreaterThan(looks));
    expect(await started.order('approve', 'seen the table')).toMatchObject({
      phase: 'ended',
      outcome: 'promoted',
    });
    await traffic.stop();
    const left = await leftBy(bench.store, 'approved');
    expect(left.history.at(-1)).toMatchObject({ actor: 'ann', reason: 'seen the table', championVersion: 2 });
    expect(left.row).toMatchObject({ status: 'promoted' });
  });

  test('who approves nothing in time ends it, and errors end it sooner', async () => {
    const names = ['unheard', 'failing'];
    await Promise.all(names.map((name) => twoVersions(bench.store, name)));
    const traffic = names.map((name) => serve(bench.store, name));
    // Its time begins with it: on a busy machine it takes many seconds until its guards pass.
    const unheard = await startRollout(bench, 'unheard', { approve: true, maxDurationMs: 30_000 });
    const failing = await startRollout(bench, 'failing', { approve: true });
    await failing.until('awaiting-approval');
    await traffic[1].stop();
    traffic[1] = serve(bench.store, 'failing', { errors: { 2: 1 } });
    expect(await failing.handle.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(await unheard.handle.result()).toMatchObject({
      outcome: 'inconclusive',
      reason: 'Nobody approved it in its time.',
    });
    await Promise.all(traffic.map((one) => one.stop()));
  });

  test('promotes at once, and rolls back at once out of the probation', async () => {
    const started = await begun('by-hand', { probationMs: 600_000 });
    expect(await started.order('promote')).toMatchObject({
      phase: 'probation',
      route: { standbyVersion: 1 },
    });
    for (const order of ['pause', 'resume', 'approve', 'abort', 'promote'] as const)
      await expect(started.order(order)).rejects.toMatchObject({ cause: { type: 'ROLLOUT_PHASE' } });
    expect(await started.order('rollback', 'complaints')).toMatchObject({
      phase: 'ended',
      outcome: 'rolled-back',
    });
    expect(await started.handle.result()).toMatchObject({ reason: 'complaints' });
    const left = await leftBy(bench.store, 'by-hand');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '2 standby 1', '1']);
    expect(left.history.map(({ actor }) => actor).slice(-2)).toEqual(['ann', 'ann']);
    expect(left.audit.at(-1)).toBe('rollout.close by ann');
  });

  test('gives orders that say who and why, or none', async () => {
    const { handle, order } = await begun('malformed');
    const wrong: unknown[] = [
      undefined,
      null,
      'stop',
      {},
      { actor: 'ann' },
      { actor: '', reason: 'r' },
      { actor: 'ann', reason: ' ' },
      { actor: 'a'.repeat(201), reason: 'r' },
      { actor: 'ann', reason: 'r'.repeat(1_001) },
      { actor: 1, reason: {} },
    ];
    for (const given of wrong) {
      const refused = handle.executeUpdate(rolloutOrders.abort, { args: [given as Order] });
      await expect(refused, JSON.stringify(given)).rejects.toMatchObject({
        cause: { type: 'INVALID_INPUT' },
      });
    }
    expect((await leftBy(bench.store, 'malformed')).audit).toEqual(['rollout.open']);
    await order('abort');
  });

  test('of several at the same moment has each in turn: one ends it, the others are refused', async () => {
    const started = await begun('crowd');
    const orders = (['abort', 'rollback', 'promote', 'pause', 'abort'] as const).map((order) =>
      started.order(order),
    );
    const settled = await Promise.allSettled(orders);
    const { outcome } = await started.handle.result();
    const { audit, states } = await leftBy(bench.store, 'crowd');
    // A pause may have come first; the one that ended it is the last one noted.
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(audit.length - 2);
    expect(audit.at(-1)).toMatch(/^rollout.close/);
    expect(states).toHaveLength(4);
    expect(['aborted', 'rolled-back', 'promoted']).toContain(outcome);
  });
});

describe.concurrent('a rollout ends with the champion that it began with', () => {
  test('when it is cancelled', async () => {
    const started = await begun('cancelled', { probationMs: 600_000 });
    await started.order('promote');
    await started.handle.cancel();
    expect(await started.handle.result()).toMatchObject({ outcome: 'aborted', reason: 'It was cancelled.' });
    const left = await leftBy(bench.store, 'cancelled');
    expect(left.states.slice(-2)).toEqual(['2 standby 1', '1']);
    expect(left.row).toMatchObject({ status: 'aborted' });
  });

  test('when its workflow was terminated, as soon as the next one begins', async () => {
    const started = await begun('terminated');
    await started.handle.terminate('by a test');
    const next = await startRollout(bench, 'terminated');
    await next.until('serving');
    const left = await leftBy(bench.store, 'terminated');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '1', '1 +2 at 0', '1 +2 at 0.1']);
    expect(left.row).toMatchObject({
      status: 'aborted',
      reason: expect.stringContaining('terminated') as string,
    });
    await next.order('abort');
  });
});

describe.concurrent('a rollout', () => {
  test('whose probation cannot be watched leaves the challenger that was promoted', async () => {
    const started = await begun('unwatched', { probationMs: 600_000 });
    await started.order('promote', 'the board wants it');
    expect(await started.handle.result()).toMatchObject({
      outcome: 'promoted',
      reason: 'the board wants it The probation could not be watched to its end: no count',
    });
    const left = await leftBy(bench.store, 'unwatched');
    expect(left.states.slice(-2)).toEqual(['2 standby 1', '2']);
    expect(left.row).toMatchObject({ status: 'promoted' });
  });

  test('is refused beside another of the same model, for the champion, and for what is no version', async () => {
    const started = await begun('once');
    const refusals = [
      { challengerVersion: 2, type: 'ROLLOUT_IN_PROGRESS' },
      { challengerVersion: 9, type: 'NOT_FOUND' },
    ];
    for (const { challengerVersion, type } of refusals) {
      if (type === 'NOT_FOUND') await started.order('abort');
      const { handle } = await startRollout(bench, 'once', {}, { challengerVersion });
      await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type } } });
    }
    const { handle } = await startRollout(bench, 'once', {}, { challengerVersion: 1 });
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'INVALID_INPUT' } } });
    expect((await bench.store.rollouts.list('once')).map(({ number }) => number)).toEqual([1]);
  });

  test('leaves a route alone that somebody else has changed, and says who', async () => {
    const started = await begun('foreign');
    const route = await bench.store.routes.get('foreign');
    await bench.store.routes.change({
      name: 'foreign',
      championVersion: 2,
      weight: 0,
      logInputs: false,
      expectedRevision: route?.revision ?? 0,
      holder: started.id,
      actor: 'bob',
      reason: 'an emergency',
      idempotencyKey: 'bob/1',
    });
    expect(await started.handle.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringMatching(/changed by bob: an emergency/) as string,
    });
    const left = await leftBy(bench.store, 'foreign');
    expect(left.states.at(-1)).toBe('2');
    expect(left.row).toMatchObject({ status: 'aborted' });
  });

  test('rests 20 times as long as a look took, and says so', async () => {
    const started = await begun('many');
    await eventually(async () => {
      const { notes, lookMs = 0 } = await started.progress();
      expect(lookMs).toBeGreaterThanOrEqual(SLOW_MS);
      expect(notes.pace).toMatch(/^Looks are [1-9]\d+ s apart: to count this many requests took \d+ s\.$/);
    });
    const { looks } = await started.progress();
    await pause(3_000);
    expect((await started.progress()).looks).toBe(looks);
    // A person need not wait for the next one.
    expect(await started.order('abort')).toMatchObject({ outcome: 'aborted' });
  });

  test('goes on from where it was when its history is long: orders, looks and route', async () => {
    const started = await begun('long', { everyMs: 2_000 });
    await started.order('pause', 'before it');
    // The history grows by what is sent; past 1,000 events it continues as new.
    for (let sent = 0; sent < 1_000; sent += 50)
      await Promise.all(Array.from({ length: 50 }, () => started.handle.signal('nudge')));
    await eventually(async () => expect(await runsOf(started.id)).toBeGreaterThan(1));
    expect(await started.order('resume', 'after it')).toMatchObject({ orders: 2, phase: 'serving' });
    const traffic = serve(bench.store, 'long');
    expect(await started.handle.result()).toMatchObject({ outcome: 'promoted' });
    await traffic.stop();
    const left = await leftBy(bench.store, 'long');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '2']);
    expect(left.looks.map(({ index }) => index)).toEqual(left.looks.map((_, i) => i + 1));
    const histories = await executionsOf(bench.temporal, started.id);
    expect(Math.max(...histories.flatMap(payloadBytes))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
  });

  async function runsOf(workflowId: string): Promise<number> {
    return (await executionsOf(bench.temporal, workflowId)).length;
  }
});

describe('a training', () => {
  test('starts the rollout of a new version beside a champion by itself, and ends before it', async () => {
    const name = 'automatic';
    const canary = { everyMs: 1_000, minDurationMs: 0, probationMs: 0 };
    const first = await (await bench.client.train(small(bench, { name, canary }))).result();
    expect(first).toMatchObject({ champion: true });
    expect(first).not.toHaveProperty('rollout');

    const other = {
      name,
      canary,
      sources: { parcels: csv(bench.write('other.csv', smallCsv({ rows: 500 }))) },
    };
    const tolerant = { ...other, select: { folds: 2, tolerance: 0.5 } };
    const training = await bench.client.train(small(bench, { ...tolerant, search: [tree({ maxDepth: 4 })] }));
    expect(await training.result()).toMatchObject({
      outcome: 'registered',
      version: 2,
      champion: false,
      rollout: ids.rollout(name, 1),
    });
    const { stages } = await training.progress();
    expect(stages.at(-1)?.note).toBe(`${name}@2, rollout/${name}/1 started`);
    const rollout = bench.temporal.workflow.getHandle(ids.rollout(name, 1));
    await eventually(async () => expect((await leftBy(bench.store, name)).states.at(-1)).toBe('1 +2 at 0.1'));
    expect((await leftBy(bench.store, name)).row).toMatchObject({ startedBy: training.workflowId });

    // Beside a rollout under way no other is started.
    const third = await bench.client.train(small(bench, { ...tolerant, search: [tree({ maxDepth: 5 })] }));
    const result = await third.result();
    expect(result).toMatchObject({ outcome: 'registered', version: 3 });
    expect(result).not.toHaveProperty('rollout');
    expect((await third.progress()).stages.at(-1)?.note).toContain(
      `no rollout: rollout/${name}/1 is under way`,
    );
    await rollout.executeUpdate(rolloutOrders.abort, {
      args: [{ actor: 'ann', reason: 'the test is over' }],
    });
  });
});

describe('the Temporal Web UI shows', () => {
  test('where a rollout stands, what each step was, and what came out', async () => {
    const started = await begun('shown');
    const traffic = serve(bench.store, 'shown');
    await started.handle.result();
    await traffic.stop();
    const description = await started.handle.describe();
    const attribute = (key: keyof typeof searchAttributes): unknown =>
      description.typedSearchAttributes.get(searchAttributes[key]);
    expect(attribute('lifecycle')).toBe('shown');
    expect(attribute('version')).toBe(2);
    expect(attribute('stage')).toBe('ended');
    expect(attribute('outcome')).toBe('promoted');
    const metadata = await started.handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toContain('**rollout/shown/1**: shown@2 against shown@1');
    expect(metadata.currentDetails).toContain('Ended: **promoted**');
    expect(metadata.currentDetails).toMatch(/\| ✔ \| 1 \| 10 % \| \d{4}-/);
    expect(metadata.currentDetails).toMatch(/\| ✔ \| errors \| .+ \|/);
    const { events } = await started.handle.fetchHistory();
    const summaries = (events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes ?? event.timerStartedEventAttributes)
      .map(({ userMetadata }) =>
        userMetadata?.summary ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary) : '',
      );
    expect(summaries.slice(0, 7)).toEqual([
      'Open rollout 1',
      'Route: prepare',
      'Wait until gateways have loaded shown@2',
      'Route: stage/0',
      'Look 1',
      'Count for look 1',
      expect.stringMatching(/^Look 1: (continue|promote)$/),
    ]);
    expect(summaries.slice(-3)).toEqual([
      'Route: promote',
      'shown@2 has every key',
      'Close rollout 1: promoted',
    ]);
  });
});
