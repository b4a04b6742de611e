import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './bench.ts';
import {
  eventually,
  keepGateway,
  leftBy,
  serve,
  startRollout,
  stopTraffic,
  twoVersions,
} from './rollouts.ts';

/** No key goes to a challenger before every gateway has it. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({ store: slowToNote });
});
afterAll(async () => {
  await stopTraffic();
  await bench.close();
});

/** A rollout's order is a while on its way into the audit. */
function slowToNote(own: Store): Store {
  const note: Store['rollouts']['note'] = async (...args) => {
    await pause(1_500);
    return own.rollouts.note(...args);
  };
  return { ...own, rollouts: { ...own.rollouts, note } };
}

test('a rollout begins when every gateway that is alive has loaded the challenger', async () => {
  const name = 'loading';
  await twoVersions(bench.store, name);
  const gateways = [keepGateway(bench.store, 'http://one'), keepGateway(bench.store, 'http://two')];
  await Promise.all(gateways.map(({ alive }) => alive));
  const started = await startRollout(bench, name);
  const state = async () => (await leftBy(bench.store, name)).states.at(-1);
  await eventually(async () => expect(await state()).toBe('1 +2 at 0'));
  gateways[0].loaded.push(`${name}@2`);
  expect(await started.progress()).toMatchObject({ phase: 'preparing', stages: [] });
  expect(await state()).toBe('1 +2 at 0');

  gateways[1].loaded.push(`${name}@2`);
  await started.until('serving');
  expect(await state()).toBe('1 +2 at 0.1');
  expect((await started.progress()).notes).toEqual({});
  const traffic = serve(bench.store, name);
  expect(await started.handle.result()).toMatchObject({ outcome: 'promoted' });
  await traffic.stop();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
});

test('a challenger that a gateway cannot load is rolled back before it has served anybody', async () => {
  const name = 'unloadable';
  await twoVersions(bench.store, name);
  const gateway = keepGateway(bench.store, 'http://three');
  gateway.failed.push({ model: `${name}@2`, reason: 'The model holds a subgraph.' });
  await gateway.alive;
  const started = await startRollout(bench, name);
  expect(await started.handle.result()).toMatchObject({
    outcome: 'rolled-back',
    reason: 'The gateway http://three cannot load unloadable@2: The model holds a subgraph.',
    looks: 0,
  });
  await gateway.stop();
  expect(await leftBy(bench.store, name)).toMatchObject({ states: ['1', '1 +2 at 0', '1'], looks: [] });
});

test('a person ends a rollout that waits for a gateway', async () => {
  const name = 'waiting';
  await twoVersions(bench.store, name);
  const gateway = keepGateway(bench.store, 'http://four');
  await gateway.alive;
  const started = await startRollout(bench, name);
  const states = async () => (await leftBy(bench.store, name)).states;
  await eventually(async () => expect(await states()).toHaveLength(2));
  for (const order of ['pause', 'resume', 'approve', 'promote'] as const)
    await expect(started.order(order)).rejects.toMatchObject({ cause: { type: 'ROLLOUT_PHASE' } });
  expect(await started.order('abort')).toMatchObject({ phase: 'ended', outcome: 'aborted' });
  await gateway.stop();
  expect(await leftBy(bench.store, name)).toMatchObject({
    states: ['1', '1 +2 at 0', '1'],
    audit: ['rollout.open', 'rollout.abort by ann', 'rollout.close by ann'],
  });
});

test('the challenger gets no key where it is loaded while an abort is written down', async () => {
  const name = 'hasty';
  await twoVersions(bench.store, name);
  const gateway = keepGateway(bench.store, 'http://five');
  await gateway.alive;
  const started = await startRollout(bench, name);
  const states = async () => (await leftBy(bench.store, name)).states;
  await eventually(async () => expect(await states()).toHaveLength(2));
  const aborted = started.order('abort');
  await pause(200);
  gateway.loaded.push(`${name}@2`);
  expect(await aborted).toMatchObject({ phase: 'ended', outcome: 'aborted' });
  await gateway.stop();
  expect(await states()).toEqual(['1', '1 +2 at 0', '1']);
});

test('without any gateway it goes on, and says so', async () => {
  const name = 'nobody-serves';
  await twoVersions(bench.store, name);
  const started = await startRollout(bench, name);
  await started.until('serving');
  expect((await started.progress()).notes).toEqual({ gateways: 'No gateway was alive when it began.' });
  await started.order('abort');
});
