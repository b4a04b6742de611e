import { setTimeout } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import type { Store } from '../../store/types.ts';
import { relayEvents, type EventRelayOptions } from '../../workers/eventRelay.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { eventually, twoVersions } from './rollouts.ts';

/** An event that a gateway took reaches its lifecycle, whatever was away meanwhile. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let bench: Bench;
let relay: { close(): Promise<void> } | undefined;
const log = { info: vi.fn(), warn: vi.fn() };
beforeAll(async () => {
  bench = await openBench({ orchestrator: false });
});
afterAll(() => bench.close());
afterEach(async () => {
  await relay?.close();
  vi.clearAllMocks();
});

test('events are told in their order, as triggers, once', async () => {
  const name = await lifecycle('told');
  await put(name, 'first', 'second');
  start();
  await eventually(async () => expect(await triggers(name)).toHaveLength(2));
  expect(await triggers(name)).toMatchObject([
    { id: 'event/first', kind: 'event', reason: 'the warehouse was loaded', by: 'key/etl' },
    { id: 'event/second' },
  ]);
  await eventually(async () => expect(await untold()).toEqual([]));
  await put(name, 'third', 'first');
  await eventually(async () => expect(await triggers(name)).toHaveLength(3));
  await setTimeout(200);
  expect(await triggers(name)).toHaveLength(3);
});

test('an event of a lifecycle that was removed is dropped with a word, and holds up nobody', async () => {
  const [gone, there] = [await lifecycle('gone'), await lifecycle('there')];
  await put(gone, 'a');
  await put(there, 'b');
  const removal = { key: 'remove', actor: 'ada', action: 'lifecycle.remove', details: {} };
  await bench.store.lifecycles.note(gone, removal);
  await bench.temporal.workflow.getHandle(ids.lifecycle(gone)).terminate();
  start();
  await eventually(async () => expect(await triggers(there)).toHaveLength(1));
  await eventually(async () => expect(await untold()).toEqual([]));
  expect(log.warn).toHaveBeenCalledExactlyOnceWith({ lifecycle: gone, event: 'a' }, expect.any(String));
});

test('an event of a lifecycle that is lost waits until there is one again', async () => {
  const name = await lifecycle('lost');
  await put(name, 'a');
  await bench.temporal.workflow.getHandle(ids.lifecycle(name)).terminate();
  start();
  await eventually(async () => {
    expect(await bench.store.lifecycles.delayedEvents()).toMatchObject([{ name, id: 'a' }]);
  });
  await begin(name);
  await eventually(async () => expect(await triggers(name)).toMatchObject([{ id: 'event/a' }]));
});

test('while Temporal is away events wait, and are told of once it is back', async () => {
  const name = await lifecycle('away');
  await put(name, 'a');
  let away = true;
  const { workflow } = bench.temporal;
  const getHandle = (id: string) => {
    if (!away) return workflow.getHandle(id);
    throw Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'no connection', metadata: {} });
  };
  start({ temporal: { workflow: { getHandle } } as unknown as Client });
  await setTimeout(300);
  expect(await untold()).toMatchObject([{ id: 'a' }]);
  expect(log.warn).toHaveBeenCalledTimes(1);
  away = false;
  await eventually(async () => expect(await untold()).toEqual([]));
  expect(await triggers(name)).toMatchObject([{ id: 'event/a' }]);
});

test('an event that cannot be told holds up no other, is tried again, and is there to be seen', async () => {
  const [stuck, free] = [await lifecycle('stuck'), await lifecycle('free')];
  await put(stuck, 'a');
  await put(free, 'b', 'c');
  let broken = true;
  const { workflow } = bench.temporal;
  const getHandle = (id: string) => {
    if (!broken || id !== ids.lifecycle(stuck)) return workflow.getHandle(id);
    throw new Error('3 INVALID_ARGUMENT: it has had too many signals');
  };
  start({ temporal: { workflow: { getHandle } } as unknown as Client });
  await eventually(async () =>
    expect(await triggers(free)).toMatchObject([{ id: 'event/b' }, { id: 'event/c' }]),
  );
  await eventually(async () => {
    const [delayed] = (await bench.client.status()).delayedEvents;
    expect(delayed).toMatchObject({ name: stuck, id: 'a', attempts: 2 });
    expect(delayed.failure).toContain('too many signals');
    expect(Date.parse(delayed.nextAt)).toBeGreaterThan(Date.now() + 1_000);
  });
  expect(log.warn).toHaveBeenCalledTimes(2);
  expect(log.warn).toHaveBeenLastCalledWith(
    expect.objectContaining({ lifecycle: stuck, event: 'a', attempts: 2 }),
    expect.any(String),
  );
  broken = false;
  await eventually(async () => expect(await triggers(stuck)).toMatchObject([{ id: 'event/a' }]));
  await eventually(async () => expect((await bench.client.status()).delayedEvents).toEqual([]));
});

test('an event of which it could not be written down that it was told is told again', async () => {
  const name = await lifecycle('twice');
  await put(name, 'a');
  const { lifecycles } = bench.store;
  let lost = 1;
  const markTold: Store['lifecycles']['markTold'] = async (...what) => {
    if (lost-- > 0) throw new Error('Connection terminated unexpectedly');
    await lifecycles.markTold(...what);
  };
  start({ lifecycles: { ...lifecycles, markTold } });
  await eventually(async () => {
    expect((await triggers(name)).map(({ id }) => id)).toEqual(['event/a', 'event/a']);
    expect(await bench.store.lifecycles.delayedEvents()).toEqual([]);
  });
  expect(await untold()).toEqual([]);
});

test('closing ends it at once', async () => {
  start({ everyMs: 60_000 });
  await setTimeout(50);
  const before = performance.now();
  await relay?.close();
  expect(performance.now() - before).toBeLessThan(1_000);
});

test('the lifecycle trains for an event, and refuses one that its definition does not want', async () => {
  const alive = await openBench();
  const { client, store, temporal } = alive;
  try {
    const retrain = { cooldownMs: 0 };
    for (const more of [
      { name: 'eager', retrain },
      { name: 'deaf', retrain: { ...retrain, onEvent: false } },
    ]) {
      await client.lifecycles.deploy(small(alive, more), { actor: 'ada', reason: 'first' });
      await store.lifecycles.putEvent({ name: more.name, id: 'load', reason: 'loaded', actor: 'key/etl' });
    }
    start({ lifecycles: store.lifecycles, temporal });
    const event = { id: 'event/load', kind: 'event', by: 'key/etl', reason: 'loaded' };
    await eventually(async () => {
      const [newest] = await store.lifecycles.triggers('eager');
      expect(newest).toMatchObject({ ...event, decision: 'train', run: 2 });
    });
    const [newest] = await store.lifecycles.triggers('deaf');
    expect(newest).toMatchObject({ ...event, decision: 'refused' });
    for (const name of ['eager', 'deaf']) await atRest(temporal, name);
  } finally {
    await relay?.close();
    await alive.close();
  }
});

function start(more: Partial<EventRelayOptions> = {}): void {
  const { store, temporal } = bench;
  relay = relayEvents({ lifecycles: store.lifecycles, temporal, log, everyMs: 20, ...more });
}

const untold = () => bench.store.lifecycles.untoldEvents(100);

async function put(name: string, ...given: string[]): Promise<void> {
  for (const id of given)
    await bench.store.lifecycles.putEvent({ name, id, reason: 'the warehouse was loaded', actor: 'key/etl' });
}

/** A deployed lifecycle whose workflow nobody works at, so that its history shows what it was told. */
async function lifecycle(name: string): Promise<string> {
  const { store } = bench;
  await twoVersions(store, name);
  const version = await store.registry.get(name);
  const definitionHash = version?.definitionHash ?? '';
  const deployment = { name, number: 1, definitionHash, baseDirectory: '/data', changes: [] };
  await store.lifecycles.recordDeployment({ ...deployment, actor: 'ada', reason: 'first' });
  await begin(name);
  return name;
}

async function begin(name: string): Promise<void> {
  await bench.temporal.workflow.start('lifecycle', {
    workflowId: ids.lifecycle(name),
    taskQueue: 'nobody',
    args: [{ name }],
  });
}

async function triggers(name: string): Promise<{ id: string }[]> {
  const { events } = await bench.temporal.workflow.getHandle(ids.lifecycle(name)).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: told }) => {
    const [payload] = told?.input?.payloads ?? [];
    return payload ? [defaultPayloadConverter.fromPayload<{ id: string }>(payload)] : [];
  });
}
