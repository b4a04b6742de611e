import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TemporalCalls } from '../../activities/dependencies.ts';
import { retrainSchema, type RetrainPolicy } from '../../decisions/lifecycle/policy.ts';
import { temporalCalls } from '../../workers/temporalCalls.ts';
import { ids, queues } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { eventually, startRollout, twoVersions } from './rollouts.ts';

/** What activities ask of Temporal: each call may be repeated, and says no without an error where no is an answer. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: Bench;
let native: NativeConnection;
let calls: TemporalCalls;
beforeAll(async () => {
  bench = await openBench();
  const { temporalAddress: address, namespace } = bench.environment;
  native = await NativeConnection.connect({ address });
  // As an orchestrator has it; its errors are others than those of a client's own connection.
  calls = temporalCalls(new Client({ connection: native, namespace }));
});
afterAll(async () => {
  await native.close();
  await bench.close();
});

const schedule = (given: object) => retrainSchema.parse({ schedule: given }).schedule as Schedule;
type Schedule = NonNullable<RetrainPolicy['schedule']>;
const handle = (name: string) => bench.temporal.schedule.getHandle(ids.schedule(name));

test('a schedule is made, is the same when it is made again, changes with the definition, and goes', async () => {
  const hourly = schedule({ everyMs: 3_600_000, jitterMs: 60_000, catchUpMs: 600_000 });
  await Promise.all([calls.syncSchedule('kept', hourly), calls.syncSchedule('kept', hourly)]);
  await calls.syncSchedule('kept', hourly);
  const made = await handle('kept').describe();
  expect(made.spec).toMatchObject({ intervals: [{ every: 3_600_000 }], jitter: 60_000 });
  expect(made.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 600_000 });
  expect(made.action).toMatchObject({
    workflowType: 'scheduledTrigger',
    workflowId: 'retrain/kept',
    taskQueue: queues.orchestrator,
    args: [{ name: 'kept' }],
  });

  await handle('kept').pause('a public holiday');
  await calls.syncSchedule('kept', schedule({ cron: '30 6 * * MON', overlap: 'bufferOne' }));
  const changed = await handle('kept').describe();
  expect(changed.spec.intervals ?? []).toEqual([]);
  expect(changed.spec.calendars?.[0]).toMatchObject({
    hour: [{ start: 6 }],
    minute: [{ start: 30 }],
    dayOfWeek: [{ start: 'MONDAY' }],
  });
  expect(changed.policies.overlap).toBe('BUFFER_ONE');
  expect(changed.state).toMatchObject({ paused: true, note: 'a public holiday' });

  await calls.syncSchedule('kept', undefined);
  await calls.syncSchedule('kept', undefined);
  await expect(handle('kept').describe()).rejects.toThrow();
});

test('a cron expression that the server does not take is an error of the definition', async () => {
  const wrong = schedule({ cron: 'every day at noon' });
  const told = { code: 'INVALID_DEFINITION', field: 'retrain.schedule' };
  for (const connected of [calls, temporalCalls(bench.temporal)]) {
    await expect(connected.syncSchedule('wrong', wrong)).rejects.toMatchObject(told);
    await connected.syncSchedule('wrong', schedule({ cron: '0 6 * * MON' }));
    const said = await connected.syncSchedule('wrong', wrong).catch((error: unknown) => error);
    expect(said).toMatchObject(told);
    expect(String(said)).toMatch(/refuses the schedule: CronString/);
    await connected.syncSchedule('wrong', undefined);
  }
});

test('a start of the schedule is a workflow of its own, with the time in its id', async () => {
  await calls.syncSchedule('timely', schedule({ everyMs: 3_600_000 }));
  await handle('timely').trigger();
  await eventually(async () => {
    const [started] = (await handle('timely').describe()).info.recentActions;
    expect(started?.action.workflow.workflowId).toMatch(/^retrain\/timely-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
  await calls.syncSchedule('timely', undefined);
});

test('an order is given once however often it is tried; who cannot take it says no', async () => {
  await twoVersions(bench.store, 'ordered');
  const rollout = await startRollout(bench, 'ordered');
  await rollout.until('serving');
  const order = { actor: 'lifecycle/ordered', reason: 'quality fell' };
  expect(await calls.orderRollout(rollout.id, 'approve', { ...order, key: 'a' })).toBe(false);
  expect(await calls.orderRollout(rollout.id, 'rollback', { ...order, key: 'b' })).toBe(true);
  expect(await rollout.handle.result()).toMatchObject({ outcome: 'rolled-back', reason: 'quality fell' });
  // Its answer was lost: the workflow has ended, and the order stands.
  expect(await calls.orderRollout(rollout.id, 'rollback', { ...order, key: 'b' })).toBe(true);
  expect(await calls.orderRollout(rollout.id, 'rollback', { ...order, key: 'c' })).toBe(false);
  expect(await calls.orderRollout('rollout/ordered/99', 'rollback', { ...order, key: 'd' })).toBe(false);
  const orders = await bench.store.audit.list(rollout.id);
  expect(orders.filter(({ action }) => action === 'rollout.rollback')).toHaveLength(1);
});
