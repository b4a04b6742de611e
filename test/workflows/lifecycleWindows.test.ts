import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import type { LifecycleInput } from '../../config/define.ts';
import {
  watchedSignal,
  watchNow,
  type LifecycleProgress,
  type Watched,
} from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { eventually } from './rollouts.ts';

/** What a lifecycle makes of windows that are small, late, or of another time than its own; and of answers that come late. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

type More = Partial<LifecycleInput>;
const HOUR_MS = 3_600_000;
const watched = { watch: { everyMs: 24 * HOUR_MS, probationMs: 24 * HOUR_MS } } satisfies More;
const better = { seed: 2, select: { folds: 2, tolerance: 1 } } satisfies More;
const by = (actor: string) => ({ actor, reason: 'a test' });

async function deploy(name: string, more: More = {}, actor = 'ann'): Promise<LifecycleProgress> {
  await bench.client.lifecycles.deploy(small(bench, { name, ...more }), by(actor));
  return atRest(bench.temporal, name);
}

interface Said {
  window: number;
  state: Watched['verdict']['state'];
  fault?: boolean;
  belowFloor?: boolean;
  version?: number;
  to?: string;
}

async function tell(name: string, said: Said): Promise<LifecycleProgress> {
  const {
    window,
    state,
    fault = false,
    belowFloor = false,
    version = 1,
    to = new Date().toISOString(),
  } = said;
  const verdict: Watched['verdict'] = {
    ...{ state, drifted: [], predictionDrifted: false, labelDrifted: false, faults: [], reason: 'so it is' },
    ...{ quality: 'unknown', estimated: 'unknown' },
  };
  const signal = { drift: false, fall: false, belowFloor, fault, reason: 'so it is' };
  const told: Watched = { window, version, to, driven: false, verdict, signal };
  await bench.temporal.workflow.getHandle(ids.lifecycle(name)).signal(watchedSignal, told);
  await eventually(async () =>
    expect((await bench.client.lifecycles.attach(name).progress()).watched?.window).toBe(window),
  );
  return atRest(bench.temporal, name);
}

const textsOf = ({ recent }: LifecycleProgress) => recent.map(({ text }) => text);

test('a fault is told once, and is over with a window of enough rows', async () => {
  const name = 'nights';
  await deploy(name, watched);
  const before = (await tell(name, { window: 1, state: 'clean' })).recent.length;
  await tell(name, { window: 2, state: 'insufficient', fault: true });
  await tell(name, { window: 3, state: 'insufficient', fault: true });
  await tell(name, { window: 4, state: 'fault', fault: true });
  const empty = await tell(name, { window: 5, state: 'insufficient' });
  expect(textsOf(empty).slice(before)).toEqual(['so it is']);
  const sound = await tell(name, { window: 6, state: 'clean' });
  expect(textsOf(sound).slice(before)).toEqual(['so it is', 'Window 6 is sound again.']);
});

test('a window of the champion before leaves the new one on trial', async () => {
  const name = 'late';
  await deploy(name, { ...watched, retrain: {} });
  const began = new Date().toISOString();
  const { probation } = await deploy(name, { ...watched, ...better, retrain: {} });
  expect(probation).toMatchObject({ version: 2, previousVersion: 1 });
  const late = await tell(name, { window: 1, state: 'clean', version: 1, to: began });
  expect(late).toMatchObject({ champion: 2, probation, watched: { window: 1 } });
  const back = await tell(name, { window: 2, state: 'clean', version: 2, belowFloor: true });
  expect(back).toMatchObject({ champion: 1 });
});

test('a person’s yes does not replace another champion than the one that was compared', async () => {
  const name = 'compared';
  const more = { ...watched, retrain: {} } satisfies More;
  await deploy(name, more);
  expect(await deploy(name, { ...more, ...better })).toMatchObject({ champion: 2 });
  const { approval } = await deploy(name, {
    ...{ ...more, ...better, seed: 3 },
    approvals: { before: ['rollout'] },
  });
  expect(approval).toMatchObject({ kind: 'rollout', version: 3, champion: 2 });
  expect(await tell(name, { window: 1, state: 'clean', version: 2, belowFloor: true })).toMatchObject({
    champion: 1,
  });
  await bench.client.lifecycles.approve(approval?.id ?? '', by('bob'));
  const progress = await atRest(bench.temporal, name);
  expect(progress.champion).toBe(1);
  expect(textsOf(progress).at(-1)).toContain(`${name}@1 is the champion, in place of @2.`);
  expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 1 });
});

test('no deployment is a way around four eyes', async () => {
  const name = 'eyes';
  const approvals = { before: ['rollout'], fourEyes: true } satisfies More['approvals'];
  await deploy(name, { retrain: {} });
  const { approval } = await deploy(name, { ...better, retrain: {}, approvals });
  const id = approval?.id ?? '';
  const refused = { code: 'LIFECYCLE_STATE', message: expect.stringContaining('ann') as unknown };
  // Without the rule, and by somebody else: neither is a training, so the question stays.
  await deploy(name, { ...better, retrain: {} });
  await expect(bench.client.lifecycles.approve(id, by('ann'))).rejects.toMatchObject(refused);
  await deploy(name, { ...better, retrain: {}, approvals }, 'bob');
  await expect(bench.client.lifecycles.approve(id, by('ann'))).rejects.toMatchObject(refused);
  await bench.client.lifecycles.approve(id, by('eve'));
  expect(await atRest(bench.temporal, name)).toMatchObject({ champion: 2 });
});

test('time goes on by itself after a window whose end somebody said, and none ends in the future', async () => {
  const name = 'clock';
  await deploy(name, { watch: { everyMs: 1_000 } });
  const watch = bench.temporal.workflow.getHandle(ids.watch(name));
  const later = new Date(Date.now() + HOUR_MS).toISOString();
  await expect(bench.client.lifecycles.watch(name).now({ to: later })).rejects.toMatchObject({
    ...{ code: 'INVALID_INPUT', field: 'to', value: later },
    message: expect.stringContaining('has yet to come') as unknown,
  });
  const to = new Date().toISOString();
  await watch.executeUpdate(watchNow, { args: [{ to }] });
  const progress = () => bench.client.lifecycles.attach(name).progress();
  await eventually(async () => expect((await progress()).watched?.window).toBeGreaterThan(1));
  expect((await progress()).clock).toBeUndefined();
});

test('which is removed while much arrives is retired all the same', async () => {
  const name = 'removed';
  await deploy(name, watched);
  const handle = bench.temporal.workflow.getHandle(ids.lifecycle(name));
  for (let window = 1; window <= 20; window++) {
    const to = new Date().toISOString();
    const verdict: Watched['verdict'] = {
      ...{ state: 'fault', drifted: [], predictionDrifted: false, labelDrifted: false, faults: [] },
      ...{ quality: 'unknown', estimated: 'unknown', reason: 'so it is' },
    };
    const signal = {
      drift: false,
      fall: false,
      belowFloor: false,
      fault: window % 2 === 1,
      reason: 'so it is',
    };
    await handle.signal(watchedSignal, { window, version: 1, to, driven: false, verdict, signal });
  }
  await bench.client.lifecycles.attach(name).remove(by('ann'));
  await eventually(async () => {
    const { status } = await bench.temporal.workflow.getHandle(ids.watch(name)).describe();
    expect(status.name).toBe('CANCELLED');
  });
});
