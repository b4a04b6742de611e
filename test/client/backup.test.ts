import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { days, hours } from '../../config/define.ts';
import type { Store } from '../../store/types.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from '../workflows/bench.ts';
import { LONG_SEARCH, small } from '../workflows/definitions.ts';
import { eventually, serve, startRollout, stopTraffic, twoVersions } from '../workflows/rollouts.ts';
import { perennial, type Outcome } from './cli.ts';

/** An installation at work is backed up, and goes on from there in another that was empty. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

let before: Bench;
let after: Bench;
let file: string;
const order = { actor: 'ada', reason: 'a test' };

beforeAll(async () => {
  [before, after] = await Promise.all([openBench(), openBench()]);
  file = join(before.folder, 'all.perennial');
});
afterAll(async () => {
  await stopTraffic();
  await Promise.all([before.close(), after.close()]);
});

function cli({ environment }: Bench, ...args: string[]): Promise<Outcome> {
  const { home, namespace, temporalAddress = '', databaseUrl = '' } = environment;
  return perennial(args, {
    env: {
      PERENNIAL_HOME: home,
      PERENNIAL_NAMESPACE: namespace,
      TEMPORAL_ADDRESS: temporalAddress,
      DATABASE_URL: databaseUrl,
    },
  });
}

/** What people would miss. */
async function read(store: Store) {
  const [models, routes, history, predictions, audit, deployments] = await Promise.all([
    store.registry.list(),
    store.routes.list(),
    store.routes.history('shop'),
    store.predictions.list({ name: 'shop', limit: 1_000 }),
    store.audit.verify(),
    store.lifecycles.deployments('parcels'),
  ]);
  return { models, routes, history, predictions, audit, deployments };
}

test('what it remembers is the same; what was under way has ended; its lifecycles go on', async () => {
  const { client, store } = before;
  const definition = small(before, {
    name: 'parcels',
    watch: { everyMs: days(1) },
    retrain: { schedule: { everyMs: hours(12) } },
  });
  await client.train(definition).then((training) => training.result());
  const deployed = await client.lifecycles.deploy(definition, order);
  expect(deployed.action).toBe('nothing');
  await client.lifecycles.attach('parcels').pause(order);
  // Recorded, and backed up before the lifecycle's state was kept.
  const [first] = await store.lifecycles.deployments('parcels');
  await store.lifecycles.recordDeployment({ ...first, number: 2, reason: 'the second' });

  await client.train(small(before, { name: 'gone', search: definition.search })).then((run) => run.result());
  const gone = await store.registry.get('gone');
  await client.lifecycles.deploy(await store.definitions.get(gone?.definitionHash ?? ''), order);
  await client.lifecycles.attach('gone').remove(order);

  await twoVersions(store, 'shop');
  const rollout = await startRollout(before, 'shop', { minDurationMs: hours(1) });
  await rollout.until('serving');
  const traffic = serve(store, 'shop');
  await eventually(async () => {
    expect((await store.predictions.list({ name: 'shop', limit: 1_000 })).length).toBeGreaterThan(50);
  });
  await client.train(small(before, { name: 'endless', ...LONG_SEARCH }));
  await eventually(async () => expect(await store.runs.running('endless')).toBeDefined());

  await traffic.stop();
  const written = await cli(before, 'backup', file, '--json');
  expect(written).toMatchObject({ code: 0 });
  expect(written.json()).toMatchObject({ path: file, tables: expect.any(Array) as unknown[] });
  const restoring = await cli(after, 'restore', file, '--as', 'ada', '--json');
  expect(restoring).toMatchObject({ code: 0 });
  expect(restoring.json()).toMatchObject({
    cancelledRuns: ['endless/1'],
    endedRollouts: ['shop/1'],
    lifecycles: [
      { name: 'gone', state: 'removed' },
      { name: 'parcels', state: 'started' },
    ],
  });

  const [old, now] = await Promise.all([read(store), read(after.store)]);
  expect(now.models).toEqual(old.models);
  expect(now.deployments).toEqual(old.deployments);
  expect(now.predictions.length).toBeGreaterThan(50);
  expect(now.predictions).toEqual(old.predictions);
  // The route was given back, which the other has yet to see.
  expect(now.history.slice(1)).toEqual(old.history);
  expect(now.audit).toMatchObject({ intact: true });
  for (const { digest } of now.models)
    expect(await after.store.artifacts.get(digest)).toEqual(await store.artifacts.get(digest));

  expect(await after.store.routes.get('shop')).toMatchObject({ championVersion: 1, weight: 0 });
  expect((await after.store.routes.get('shop'))?.rolloutId).toBeUndefined();
  expect(await after.store.rollouts.get('shop', 1)).toMatchObject({ status: 'aborted' });
  expect(await after.store.runs.get('endless', 1)).toMatchObject({ status: 'cancelled' });
  expect((await store.rollouts.get('shop', 1))?.status).toBe('running');
  await before.client.rollouts.attach('shop', 1).then((handle) => handle.order('abort', order));
  await (await before.client.attach('endless', 1)).cancel();
});

test('the lifecycle knows what it knew, takes orders and trains under the next number', async () => {
  const lifecycle = after.client.lifecycles.attach('parcels');
  expect(await lifecycle.progress()).toMatchObject({
    live: true,
    phase: 'serving',
    champion: 1,
    deployment: { number: 2, by: 'ada' },
    paused: { reason: 'a test' },
  });
  expect(await after.store.audit.list('lifecycle/parcels', 1)).toMatchObject([
    { action: 'lifecycle.restore', actor: 'ada' },
  ]);
  expect(await after.client.lifecycles.attach('gone').progress()).toMatchObject({ live: false });
  await lifecycle.resume(order);
  await lifecycle.retrain(order);
  await eventually(async () => {
    expect(await after.store.runs.get('parcels', 2)).toMatchObject({ status: 'registered' });
  });
  const { client } = after;
  const model = await client.model('parcels');
  expect(model.name).toBe('parcels');
  expect(await after.store.audit.verify()).toMatchObject({ intact: true });
});

test('its watch looks on', async () => {
  const { status } = await after.temporal.workflow.getHandle(ids.watch('parcels')).describe();
  expect(status.name).toBe('RUNNING');
});

test('what is not empty is refused by name, with exit code 2', async () => {
  const again = await cli(after, 'restore', file, '--json');
  expect(again.code).toBe(2);
  expect(again.json()).toMatchObject({ error: { code: 'INVALID_INPUT', field: 'PERENNIAL_NAMESPACE' } });
  const twice = await cli(after, 'backup', file);
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('not written over') as string });
  rmSync(file);
});
