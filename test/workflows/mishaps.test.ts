import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import { csv, hours, type LifecycleInput } from '../../config/define.ts';
import { PerennialError } from '../../config/errors.ts';
import type { Store } from '../../store/types.ts';
import { lifecycleOrders, triggerSignal, type LifecycleProgress } from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/** A step that fails for good ends neither a lifecycle nor its watch: it is told of, and nothing is lost. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: Bench;
/** How often these are yet to fail, by `table.method`. */
const faults = new Map<string, number>();
beforeAll(async () => {
  bench = await openBench({ store: faulty });
});
beforeEach(() => faults.clear());
afterAll(() => bench.close());

const by = (reason: string) => ({ actor: 'ann', reason });
const deploy = (name: string, more: Partial<LifecycleInput> = {}) =>
  bench.client.lifecycles.deploy(small(bench, { name, ...more }), by('a test'));
const rest = (name: string): Promise<LifecycleProgress> => atRest(bench.temporal, name);
const textsOf = ({ recent }: LifecycleProgress) => recent.map(({ text }) => text);

describe('a lifecycle', () => {
  test('takes up the end of a training after all', async () => {
    await deploy('ended');
    faults.set('watch.now', 1).set('lifecycles.keepState', 1);
    const progress = await rest('ended');
    expect(progress).toMatchObject({ champion: 1, phase: 'serving' });
    expect(textsOf(progress)).toContain('clock failed and is tried again: watch.now is broken');
    expect(textsOf(progress)).toContain(
      'keepState failed and is tried again: lifecycles.keepState is broken',
    );
    expect(await bench.store.lifecycles.get('ended')).toMatchObject({ state: { champion: 1 } });
  });

  test('takes up a trigger once, and says once that it could not', async () => {
    const name = 'triggered';
    await deploy(name, { retrain: { cooldownMs: 0 } });
    await rest(name);
    faults.set('lifecycles.decideTrigger', 2);
    const trigger = {
      id: 'event/a',
      kind: 'event',
      reason: 'it came',
      by: 'a test',
      at: new Date().toISOString(),
    } as const;
    await bench.temporal.workflow.getHandle(ids.lifecycle(name)).signal(triggerSignal, trigger);
    const progress = await rest(name);
    const told = textsOf(progress).filter((text) => text.startsWith('decideTrigger failed'));
    expect(told).toHaveLength(1);
    expect(progress.champion).toBe(1);
    expect((await bench.store.runs.list(name)).map(({ number }) => number)).toEqual([2, 1]);
  });

  test('does what a deployment brings along after all', async () => {
    faults.set('lifecycles.decideTrigger', 1);
    expect(await deploy('deployed')).toMatchObject({ action: 'train' });
    expect(await rest('deployed')).toMatchObject({ champion: 1 });
  });

  test('refuses an order as of a time that is none', async () => {
    const name = 'timeless';
    const refusal = {
      code: 'INVALID_INPUT',
      field: 'at',
      expected: expect.stringContaining('ISO 8601') as unknown,
    };
    const definition = small(bench, { name });
    for (const at of ['tomorrow', '2026-02-30', '5']) {
      const refused = bench.client.lifecycles.deploy(definition, { ...by('a test'), at });
      await expect(refused).rejects.toMatchObject({ ...refusal, value: at });
    }
    expect(await bench.client.lifecycles.list()).not.toContainEqual(expect.objectContaining({ name }));
    await deploy(name);
    await rest(name);
    const lifecycle = bench.client.lifecycles.attach(name);
    await expect(lifecycle.retrain({ ...by('a test'), at: 'noon' })).rejects.toMatchObject(refusal);
    // And from a program that does not use our client.
    const handle = bench.temporal.workflow.getHandle(ids.lifecycle(name));
    const order = { ...by('a test'), definitionHash: 'a'.repeat(64), baseDirectory: '/', at: 'tomorrow' };
    for (const [update, given] of [
      [lifecycleOrders.deploy.name, order],
      [lifecycleOrders.retrain.name, { ...by('a test'), at: 7 }],
    ] as const)
      await expect(handle.executeUpdate(update, { args: [given] })).rejects.toMatchObject({
        cause: { type: 'INVALID_INPUT', message: expect.stringContaining('at is') as unknown },
      });
    expect(await rest(name)).not.toHaveProperty('clock');
  });
});

describe('a watch', () => {
  const watched = {
    watch: { everyMs: hours(1) },
    labels: { source: csv('truth.csv'), key: 'id', value: 'late' },
    retrain: { onNewData: { everyMs: hours(1) } },
  } satisfies Partial<LifecycleInput>;

  test('looks at a window again that could not be kept, and remembers what else fails', async () => {
    const name = 'watched';
    bench.write('truth.csv', 'nothing of use\n1\n');
    await deploy(name, watched);
    await rest(name);
    const watch = bench.client.lifecycles.watch(name);
    faults.set('watch.recordWindow', 1).set('watch.now', 1);
    expect(await watch.now()).toBeNull();
    const { failures } = await watch.progress();
    expect(failures).toMatchObject({
      window: 'watch.recordWindow is broken',
      sources: 'watch.now is broken',
    });
    expect(await watch.now()).toMatchObject({ window: 1 });
    // That the window went well says nothing of the labels.
    expect((await watch.progress()).failures).toEqual({ labels: failures?.labels });
    expect(failures?.labels).toContain('truth.csv');
    expect(await watch.windows()).toHaveLength(1);
  });

  test('that cannot read its definition tries again', async () => {
    const name = 'undescribed';
    await deploy(name, { watch: { everyMs: hours(1) } });
    await rest(name);
    const watch = bench.client.lifecycles.watch(name);
    faults.set('definitions.get', 1);
    const handle = bench.temporal.workflow.getHandle(ids.watch(name));
    const { definitionHash = '' } = (await bench.store.lifecycles.get(name)) ?? {};
    await handle.signal('watchDefinition', { definitionHash, baseDirectory: bench.folder });
    await vi.waitFor(
      async () =>
        expect((await watch.progress()).failures).toEqual({ definition: 'definitions.get is broken' }),
      20_000,
    );
    expect(await watch.now()).toMatchObject({ window: 1 });
    expect((await handle.describe()).status.name).toBe('RUNNING');
  });
});

/** A store of which some calls fail as often as `faults` says, each for good. */
function faulty(own: Store): Store {
  return new Proxy(own, {
    get(store, table: keyof Store) {
      const calls: unknown = Reflect.get(store, table);
      if (typeof calls !== 'object' || calls === null) return calls;
      return new Proxy(calls, {
        get(target, method: string) {
          const call = (target as Record<string, unknown>)[method];
          const left = faults.get(`${table}.${method}`) ?? 0;
          if (left === 0 || typeof call !== 'function') return call;
          return () => {
            faults.set(`${table}.${method}`, left - 1);
            return Promise.reject(new PerennialError('NOT_FOUND', `${table}.${method} is broken`));
          };
        },
      });
    },
  });
}
