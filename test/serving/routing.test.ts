import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { changeRoute, openCore, someRequest, until, type Core, type CoreOptions } from './core.ts';
import { registerModel, tinyModel } from './fixtures.ts';

/** A route is taken over when what it names is loaded and proven, the newest first, and what nobody needs is let go. */
const NEVER_MS = 3_600_000;
let bench: Bench;
let store: Store;
let name: string;
let names = 0;
const cores: Core[] = [];
beforeAll(async () => {
  bench = await openBench();
  store = bench.store;
});
beforeEach(() => {
  name = `late-${names++}`;
});
afterEach(() => Promise.all(cores.splice(0).map((core) => core.close())));
afterAll(async () => {
  await bench.close();
});

/** Without renewals, so that only a notification can tell of a change. */
async function open(options: CoreOptions = {}, from: Store = store): Promise<Core> {
  const core = await openCore(from, { ...options, lease: { renewEveryMs: NEVER_MS, ...options.lease } });
  cores.push(core);
  return core;
}

async function register(seed: number): Promise<void> {
  await registerModel(store, name, await tinyModel({ seed }));
}

/** A version whose golden rows are another model's: it answers otherwise than when it was registered. */
async function registerCorrupt(): Promise<void> {
  const [model, other] = await Promise.all([tinyModel({ seed: 50 }), tinyModel({ seed: 51 })]);
  await registerModel(store, name, { ...model, golden: other.golden });
}

const ofThis = ({ events }: Core) =>
  events.filter((event) => event.includes(`${name}@`) || event.includes(`${name} `));
const servedBy = (core: Core) => core.routing.active(name)?.route.revision;

it('takes a change over by its notification, when the version is loaded', async () => {
  await register(1);
  await register(2);
  // The renewal of the lease reads routes too: it must not be what tells of the change.
  const core = await open({ lease: { renewEveryMs: 600_000 } });
  expect(ofThis(core)).toEqual([`load ${name}@1`, `take over ${name} 1`]);
  await changeRoute(store, name, { championVersion: 2 });
  await until(() => servedBy(core)).toBe(2);
  expect(ofThis(core).slice(2)).toEqual([`load ${name}@2`, `take over ${name} 2`, `release ${name}@1`]);
  const [part] = await core.inference.infer(someRequest(name));
  expect(part).toMatchObject({ model: { version: 2 }, arm: 'champion' });
});

it('serves a model that is registered later', async () => {
  const core = await open();
  await expect(core.inference.infer(someRequest(name))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await register(1);
  await until(() => core.inference.isReady(name)).toBe(true);
  expect((await core.inference.infer(someRequest(name)))[0].model.version).toBe(1);
});

it('takes a change over by reading, where the notification was lost', async () => {
  await register(1);
  await register(2);
  const deaf: Store = {
    ...store,
    routes: { ...store.routes, watch: async () => ({ close: async () => undefined }) },
  };
  const core = await open({ lease: { renewEveryMs: 20 } }, deaf);
  await changeRoute(store, name, { championVersion: 2 });
  await until(() => servedBy(core)).toBe(2);
});

it('never replaces the champion by a version that answers otherwise than when it was registered', async () => {
  await register(1);
  await registerCorrupt();
  await register(3);
  const core = await open();
  await changeRoute(store, name, { championVersion: 2 });
  await until(() => core.models.failed().map(({ model }) => model)).toContain(`${name}@2`);
  expect(core.models.failure(name, 2)?.message).toMatch(
    /answers otherwise than when it was registered, on 50 golden rows/,
  );
  expect(core.routing.revisions()[name]).toBe(1);
  expect((await core.inference.infer(someRequest(name)))[0].model.version).toBe(1);
  // A state that can be served is taken over at once, whatever became of the one before.
  await changeRoute(store, name, { championVersion: 3 });
  await until(() => servedBy(core)).toBe(3);
  expect(core.models.failed().filter(({ model }) => model === `${name}@2`)).toEqual([]);
});

it('does not let a rollout begin whose challenger cannot be loaded', async () => {
  await register(1);
  await registerCorrupt();
  const core = await open();
  await changeRoute(store, name, {
    challengerVersion: 2,
    weight: 0.5,
    rolloutId: `rollout/${name}/1`,
    stage: 0,
  });
  await until(() => core.models.failed().map(({ model }) => model)).toContain(`${name}@2`);
  expect(servedBy(core)).toBe(1);
});

it('overtakes a change that is still loading', async () => {
  await register(1);
  await register(2);
  let loading = false;
  const slow: Store = {
    ...store,
    registry: {
      ...store.registry,
      get(model, version) {
        if (model !== name || version !== 2) return store.registry.get(model, version);
        loading = true;
        return new Promise(() => undefined);
      },
    },
  };
  const core = await open({}, slow);
  await changeRoute(store, name, { championVersion: 2 });
  await until(() => loading).toBe(true);
  expect(servedBy(core)).toBe(1);
  await changeRoute(store, name, { championVersion: 1, logInputs: true });
  await until(() => servedBy(core)).toBe(3);
  cores.splice(cores.indexOf(core), 1);
  await core.lease.close();
  await core.routing.close();
});

it('goes back to a champion although the standby cannot be loaded', async () => {
  await register(1);
  await registerCorrupt();
  const core = await open();
  await changeRoute(store, name, { standbyVersion: 2 });
  await until(() => servedBy(core)).toBe(2);
});

it('serves the champion alone where it starts in the middle of a rollout whose challenger is broken', async () => {
  await register(1);
  await registerCorrupt();
  await changeRoute(store, name, {
    challengerVersion: 2,
    weight: 0.5,
    rolloutId: `rollout/${name}/1`,
    stage: 0,
  });
  const core = await open();
  expect(core.routing.active(name)).toMatchObject({ route: { revision: 2 }, challenger: undefined });
  expect(core.inference.isReady(name)).toBe(true);
});

it('is ready although another model’s champion is broken', async () => {
  await register(1);
  const healthy = name;
  name = `late-${names++}`;
  await registerCorrupt();
  const core = await open();
  expect(core.inference.isReady(healthy)).toBe(true);
  expect(core.inference.isReady(name)).toBe(false);
  await expect(core.inference.infer(someRequest(name))).rejects.toMatchObject({
    code: 'OVERLOADED',
    message: expect.stringContaining('answers otherwise') as string,
  });
});

it('lets a version go after its last request', async () => {
  await register(1);
  await register(2);
  let open1: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (open1 = resolve));
  const core = await open({
    batcher: (own) => ({
      async predict(model, batch, wait) {
        if (model.row.version === 1) await held;
        return own.predict(model, batch, wait);
      },
    }),
  });
  const first = core.inference.infer(someRequest(name));
  await changeRoute(store, name, { championVersion: 2 });
  await until(() => servedBy(core)).toBe(2);
  expect((await core.inference.infer(someRequest(name)))[0].model.version).toBe(2);
  expect(ofThis(core)).not.toContain(`release ${name}@1`);
  open1();
  expect((await first)[0].model.version).toBe(1);
  expect(ofThis(core)).toContain(`release ${name}@1`);
});

it('keeps the last few versions that were asked for by number, and lets idle ones go', async () => {
  for (const seed of [1, 2, 3]) await register(seed);
  const core = await open({ models: { maxDirect: 1 } });
  const ask = async (version: number) => (await core.inference.infer(someRequest(name, { version })))[0];
  expect(await ask(2)).toMatchObject({ model: { version: 2 }, arm: 'direct' });
  expect(await ask(3)).toMatchObject({ model: { version: 3 }, arm: 'direct' });
  await until(() => ofThis(core)).toContain(`release ${name}@2`);
  expect(core.models.loaded().filter((model) => model.startsWith(name))).toEqual([`${name}@1`, `${name}@3`]);

  const idle = await open({ models: { directIdleMs: 1 }, lease: { renewEveryMs: 20 } });
  await idle.inference.infer(someRequest(name, { version: 3 }));
  await until(() => ofThis(idle)).toContain(`release ${name}@3`);
  expect((await idle.inference.infer(someRequest(name, { version: 3 })))[0].model.version).toBe(3);
});

it('loads a version once for all who ask at the same time', async () => {
  await register(1);
  await register(2);
  const core = await open();
  const asked = Array.from({ length: 20 }, () => core.inference.infer(someRequest(name, { version: 2 })));
  expect((await Promise.all(asked)).every(([part]) => part.model.version === 2)).toBe(true);
  expect(ofThis(core).filter((event) => event === `load ${name}@2`)).toHaveLength(1);
});

it('tries again what could not be read', async () => {
  await register(99); // Bytes that no other test's model has.
  const { digest } = (await store.registry.get(name)) ?? {};
  let failures = 2;
  const flaky: Store = {
    ...store,
    artifacts: {
      ...store.artifacts,
      get: async (asked) => {
        if (asked === digest && failures-- > 0) throw new Error('the connection was lost');
        return store.artifacts.get(asked);
      },
    },
  };
  const core = await open({ models: { retryMs: 1 }, lease: { renewEveryMs: 20 } }, flaky);
  expect(ofThis(core)).toEqual([`fail ${name}@1`, `fail ${name}@1`, `load ${name}@1`, `take over ${name} 1`]);
  expect(core.inference.isReady(name)).toBe(true);
  expect(core.models.failed().filter(({ model }) => model === `${name}@1`)).toEqual([]);
});

it('tells no failure of the database as one of the version, so that no rollout of it ends', async () => {
  await register(1);
  await register(98); // Bytes that no other test's model has.
  const { digest } = (await store.registry.get(name, 2)) ?? {};
  const away: Store = {
    ...store,
    artifacts: {
      ...store.artifacts,
      get: (asked) =>
        asked === digest ? Promise.reject(new Error('the connection was lost')) : store.artifacts.get(asked),
    },
  };
  const core = await open({ models: { retryMs: 1 } }, away);
  await expect(core.models.load(name, 2, true)).rejects.toMatchObject({ code: 'STACK_UNAVAILABLE' });
  expect(core.models.failure(name, 2)?.message).toContain('the connection was lost');
  expect(core.models.failed().map(({ model }) => model)).not.toContain(`${name}@2`);
});
