import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { atRest, replayPast } from '../../client/replayPast.ts';
import { csv, days, defineLifecycle, tree, type LifecycleInput } from '../../config/define.ts';
import { watchNow, type LifecycleProgress } from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { csvOf, DAY_MS, span, START } from './pastParcels.ts';

/** New data at a source is told of until the lifecycle has taken it, and gives one training, whoever was away or busy. */

vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const by = (reason: string) => ({ actor: 'ann', reason });
const rest = (name: string): Promise<LifecycleProgress> => atRest(bench.temporal, name);
const lifecycle = (name: string) => bench.client.lifecycles.attach(name);
const runsOf = async (name: string) => (await bench.store.runs.list(name)).map(({ number }) => number);
const told = async (name: string) =>
  (await bench.store.lifecycles.triggers(name))
    .filter(({ kind }) => kind === 'data')
    .map(({ decision }) => decision);

/** What the source holds from now on. */
const publish = (name: string, toDay: number) => bench.write(`${name}.csv`, csvOf(span(0, toDay)));

function deploy(name: string, retrain: LifecycleInput['retrain'] = {}) {
  const definition = defineLifecycle({
    name,
    sources: { parcels: csv(`${bench.folder}/${name}.csv`) },
    ...{ target: 'late', key: 'id', time: 'seen' },
    features: [{ kind: 'passthrough', columns: ['size', 'weight'] }],
    search: [tree({ maxDepth: 3 })],
    select: { metric: 'accuracy', folds: 2 },
    watch: { everyMs: days(1), minRows: 100 },
    retrain: {
      cooldownMs: 0,
      perDay: 100,
      approveAfterRejected: 100,
      onNewData: { everyMs: days(1) },
      ...retrain,
    },
  });
  return bench.client.lifecycles.deploy(definition, by('a test'));
}

/** The day passes with its traffic, and the watch looks at its end. */
async function live(name: string, day: number): Promise<LifecycleProgress> {
  const { store, temporal } = bench;
  const past = { chunkMs: DAY_MS, labelDelayMs: 0, watched: true };
  await replayPast({ store, temporal, name, rows: span(day, day + 1), ...past });
  return rest(name);
}

async function serving(name: string, retrain?: LifecycleInput['retrain']): Promise<void> {
  publish(name, 8);
  await deploy(name, retrain);
  await rest(name);
  await live(name, 8);
  // What the first training has read is not new.
  expect(await runsOf(name)).toEqual([1]);
}

test('gives one training, however often the watch looks', async () => {
  const name = 'published';
  await serving(name);
  publish(name, 9);
  for (const day of [9, 10, 11]) await live(name, day);
  expect(await told(name)).toEqual(['train']);
  expect(await runsOf(name)).toEqual([2, 1]);
  expect((await bench.store.runs.get(name, 2))?.sourcesDigest).not.toBe(
    (await bench.store.runs.get(name, 1))?.sourcesDigest,
  );
});

describe('that came while', () => {
  test('there was no watch is found by the next one', async () => {
    const name = 'away';
    await serving(name);
    await lifecycle(name).remove(by('for a while'));
    publish(name, 9);
    expect((await deploy(name)).action).toBe('nothing');
    await rest(name);
    for (const day of [9, 10]) await live(name, day);
    expect(await told(name)).toEqual(['train']);
    expect(await runsOf(name)).toEqual([2, 1]);
  });

  test('there was no lifecycle is told again when there is one', async () => {
    const name = 'unanswered';
    await serving(name);
    await bench.temporal.workflow.getHandle(ids.lifecycle(name)).terminate('by a test');
    publish(name, 9);
    const at = (day: number) => new Date(START + day * DAY_MS).toISOString();
    const look = (day: number) =>
      bench.temporal.workflow.getHandle(ids.watch(name)).executeUpdate(watchNow, { args: [{ to: at(day) }] });
    await look(10);
    expect(await told(name)).toEqual([]);
    expect((await deploy(name)).action).toBe('nothing');
    await rest(name);
    await look(11);
    await rest(name);
    await live(name, 11);
    expect(await told(name)).toEqual(['train']);
    expect(await runsOf(name)).toEqual([2, 1]);
  });

  test('the cooldown lasts waits for its end, and is one training with what came meanwhile', async () => {
    const name = 'cooling';
    await serving(name, { cooldownMs: days(3) });
    publish(name, 9);
    await live(name, 9);
    expect(await runsOf(name)).toEqual([2, 1]);
    publish(name, 10);
    // The first training began by day 10, so that the next one may by day 13.
    expect((await live(name, 10)).pending).toMatchObject({ kind: 'data' });
    publish(name, 11);
    expect((await live(name, 11)).pending).toMatchObject({ kind: 'data' });
    expect(await runsOf(name)).toEqual([2, 1]);
    expect((await live(name, 12)).pending).toBeUndefined();
    for (const day of [13, 14, 15, 16]) await live(name, day);
    // The third training has read what was published last, so there is no fourth.
    expect(await told(name)).toEqual(['train', 'train']);
    expect(await runsOf(name)).toEqual([3, 2, 1]);
  });

  test('something else waited is told again, unless that has read it', async () => {
    const name = 'busy';
    await serving(name, { cooldownMs: days(2), schedule: { everyMs: days(400) } });
    await lifecycle(name).pause(by('holidays'));
    const past = { chunkMs: DAY_MS, labelDelayMs: 0, watched: true, scheduleEvery: 1 };
    const { store, temporal } = bench;
    await replayPast({ store, temporal, name, rows: span(9, 10), ...past });
    expect((await rest(name)).pending).toMatchObject({ kind: 'schedule' });
    publish(name, 9);
    expect((await live(name, 10)).pending).toMatchObject({ kind: 'schedule' });
    expect(await told(name)).toEqual([]);
    await lifecycle(name).resume(by('back'));
    await rest(name);
    for (const day of [11, 12, 13]) await live(name, day);
    // By the calendar; it has read what was published.
    expect(await told(name)).toEqual([]);
    expect(await runsOf(name)).toEqual([2, 1]);
    publish(name, 10);
    for (const day of [14, 15]) await live(name, day);
    expect(await told(name)).toEqual(['train']);
    expect(await runsOf(name)).toEqual([3, 2, 1]);
  });
});
