import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withSession, type Answers } from '../../compute/session.ts';
import { PerennialError } from '../../config/errors.ts';
import { isChallengers } from '../../serving/assign.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import {
  changeRoute,
  openCore,
  someRequest,
  takeDatabaseAway,
  until,
  type Core,
  type CoreOptions,
} from './core.ts';
import { registerModel, someBatch, tinyModel, type TinyOptions } from './fixtures.ts';

/** Who answers which rows of a request, what is logged of it, and what becomes of it when something fails. */
const KEYS = Array.from({ length: 40 }, (_, i) => `customer-${i}`);
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

async function open(options: CoreOptions = {}): Promise<Core> {
  const core = await openCore(store, options);
  cores.push(core);
  return core;
}

async function register(options: TinyOptions = {}): Promise<void> {
  await registerModel(store, name, await tinyModel(options));
}

const rollout = () => `rollout/${name}/1`;

async function beginRollout(weight = 0.5, logInputs = false): Promise<void> {
  await changeRoute(store, name, {
    challengerVersion: 2,
    weight,
    rolloutId: rollout(),
    stage: 0,
    logInputs,
  });
}

/** What that version answers to these rows, from a session of its own. */
function answersOf(seed: number, rows: number, options: TinyOptions = {}): Promise<Answers> {
  return tinyModel({ ...options, seed }).then(({ bytes }) =>
    withSession(bytes, (session) => session.predict(someBatch(rows))),
  );
}

describe('without a rollout', () => {
  it('the champion answers, and what it answered is logged', async () => {
    await register({ seed: 1 });
    const core = await open();
    const [part, ...more] = await core.inference.infer(
      someRequest(name, { requestId: 'r-1', batch: someBatch(5), keys: ['k'] }),
    );
    const expected = await answersOf(1, 5);
    expect(more).toEqual([]);
    expect(part).toMatchObject({ model: { name, version: 1 }, arm: 'champion', answers: expected });
    expect(part.rowIndexes).toBeUndefined();
    const positive = Float32Array.from({ length: 5 }, (_, i) => expected.probabilities?.[2 * i + 1] ?? NaN);
    expect(core.records).toMatchObject([
      {
        requestId: 'r-1',
        name,
        version: 1,
        arm: 'champion',
        rows: 5,
        keys: ['k'],
        outputs: positive,
        status: 0,
      },
    ]);
    expect(core.records[0]).toMatchObject({ rolloutId: undefined, inputs: undefined, rowIndexes: undefined });
    expect(core.records[0].latencyUs).toBeGreaterThan(0);
    expect(Math.abs(core.records[0].at - Date.now())).toBeLessThan(60_000);
  });

  it.each(['multiclass', 'regression'] as const)('of a %s model every number is logged', async (task) => {
    await register({ task });
    const core = await open();
    await core.inference.infer(someRequest(name, { batch: someBatch(3) }));
    const expected = await answersOf(1, 3, { task });
    expect(core.records[0].outputs).toEqual(expected.prediction ?? expected.probabilities);
  });

  it('a version that the caller names answers as `direct`', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    const core = await open();
    const [part] = await core.inference.infer(someRequest(name, { version: 2 }));
    expect(part).toMatchObject({ model: { version: 2 }, arm: 'direct', answers: await answersOf(2, 1) });
    expect(core.records).toMatchObject([{ version: 2, arm: 'direct', rolloutId: undefined }]);
  });

  it('says which versions there are and which answers', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    const { inference } = await open();
    expect(await inference.versions(name)).toEqual([1, 2]);
    expect(await inference.describe(name)).toMatchObject({ name, version: 1 });
    expect(await inference.describe(name, 2)).toMatchObject({ name, version: 2 });
    expect((await inference.answering(name)).map(({ version }) => version)).toEqual([1]);
    expect([inference.isReady(name), inference.isReady(name, 1), inference.isReady(name, 2)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(inference.isReady('nobody')).toBe(false);
    const questions: (() => Promise<unknown>)[] = [
      () => inference.describe('nobody'),
      () => inference.describe(name, 3),
      () => inference.answering('nobody'),
      () => inference.versions('nobody'),
      () => inference.infer(someRequest('nobody')),
      () => inference.infer(someRequest(name, { version: 3 })),
      () => inference.infer(someRequest('nobody', { version: 1 })),
    ];
    for (const asked of questions) await expect(asked()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is not held up by a log that cannot take its record', async () => {
    await register({ seed: 1 });
    const core = await open({
      onRecord: () => {
        throw new RangeError('the record is too large');
      },
    });
    expect(await core.inference.infer(someRequest(name))).toMatchObject([{ arm: 'champion' }]);
  });

  it('scores rows of which nothing is logged', async () => {
    await register({ seed: 1 });
    const core = await open();
    const model = await core.inference.describe(name);
    expect(await core.inference.score(model, someBatch(7))).toEqual(await answersOf(1, 7));
    expect(core.records).toEqual([]);
  });
});

describe('in a rollout', () => {
  it('each key has its version, and a request of many keys is answered by both', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout(0.5, true);
    const core = await open();
    const batch = someBatch(KEYS.length);
    const parts = await core.inference.infer(someRequest(name, { requestId: 'r-2', batch, keys: KEYS }));
    const indexes = KEYS.map((_, i) => i);
    const challengers = indexes.filter((i) => isChallengers(rollout(), KEYS[i], 0.5));
    const champions = indexes.filter((i) => !challengers.includes(i));
    expect(parts.map(({ arm, model, rowIndexes }) => [arm, model.version, rowIndexes])).toEqual([
      ['champion', 1, champions],
      ['challenger', 2, challengers],
    ]);
    for (const { model, rowIndexes = [], answers } of parts) {
      const whole = await answersOf(model.version, KEYS.length);
      expect(answers.labels).toEqual(Int32Array.from(rowIndexes, (i) => whole.labels?.[i] ?? -1));
    }
    const common = { requestId: 'r-2', rolloutId: rollout(), stage: 0, status: 0 };
    expect([...core.records].sort((a, b) => a.version - b.version)).toMatchObject([
      {
        ...common,
        arm: 'champion',
        rows: champions.length,
        rowIndexes: champions,
        keys: champions.map((i) => KEYS[i]),
        inputs: { batch, rowIndexes: champions },
      },
      {
        ...common,
        arm: 'challenger',
        rows: challengers.length,
        rowIndexes: challengers,
        keys: challengers.map((i) => KEYS[i]),
        inputs: { batch, rowIndexes: challengers },
      },
    ]);
  });

  it('one key has one version, whatever the rows; without a key the request’s id is the key', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout();
    const core = await open();
    expect((await core.inference.answering(name)).map(({ version }) => version)).toEqual([1, 2]);
    for (const key of KEYS) {
      const arm = isChallengers(rollout(), key, 0.5) ? 'challenger' : 'champion';
      const batch = someBatch(3);
      const byKey = await core.inference.infer(someRequest(name, { keys: [key], batch }));
      const byId = await core.inference.infer(someRequest(name, { requestId: key, batch }));
      for (const parts of [byKey, byId]) expect(parts).toMatchObject([{ arm, rowIndexes: undefined }]);
    }
  });

  it('at a weight of 0 the challenger is ready and answers nobody, and requests count for no rollout yet', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout(0);
    const core = await open();
    expect(core.models.loaded()).toContain(`${name}@2`);
    expect(await core.inference.infer(someRequest(name, { batch: someBatch(40), keys: KEYS }))).toHaveLength(
      1,
    );
    expect(core.records).toMatchObject([
      { arm: 'champion', rolloutId: undefined, stage: undefined, rows: 40 },
    ]);
  });

  it('a challenger that fails costs nobody an answer, and the failure is its own', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout(0.5, true);
    const core = await open({
      batcher: (own) => ({
        predict: (model, batch, wait) =>
          model.row.version === 2 ? Promise.reject(new Error('it broke')) : own.predict(model, batch, wait),
      }),
    });
    const batch = someBatch(KEYS.length);
    const parts = await core.inference.infer(someRequest(name, { batch, keys: KEYS }));
    expect(parts.map(({ arm, model }) => [arm, model.version])).toEqual([
      ['champion', 1],
      ['direct', 1],
    ]);
    expect(parts.flatMap(({ rowIndexes = [] }) => rowIndexes).sort((a, b) => a - b)).toEqual(
      KEYS.map((_, i) => i),
    );
    const logged = core.records.map(({ arm, version, status, rolloutId }) => ({
      arm,
      version,
      status,
      rolloutId,
    }));
    expect(logged).toHaveLength(3);
    expect(logged).toEqual(
      expect.arrayContaining([
        { arm: 'champion', version: 1, status: 0, rolloutId: rollout() },
        { arm: 'challenger', version: 2, status: 500, rolloutId: rollout() },
        { arm: 'direct', version: 1, status: 0, rolloutId: undefined },
      ]),
    );
    const failed = core.records.find(({ status }) => status === 500);
    expect(failed?.outputs).toBeUndefined();
    expect(failed?.keys).toEqual(parts[1].rowIndexes?.map((i) => KEYS[i]));
  });

  it('a challenger that reads a column which nobody sends fails, and the champion answers', async () => {
    await register({ seed: 1, columns: ['distance', 'carrier'] });
    await register({ seed: 2 });
    await beginRollout(1);
    const core = await open();
    const { distance, carrier } = someBatch(2).columns;
    const batch = { rows: 2, columns: { distance, carrier } };
    const parts = await core.inference.infer(someRequest(name, { batch }));
    expect(parts).toMatchObject([{ arm: 'direct', model: { version: 1 } }]);
    expect(core.records).toMatchObject([
      { arm: 'challenger', status: 500, rolloutId: rollout() },
      { arm: 'direct', status: 0 },
    ]);
  });

  it('a challenger that could not be loaded at the start fails likewise', async () => {
    await register({ seed: 1 });
    const [model, other] = await Promise.all([tinyModel({ seed: 50 }), tinyModel({ seed: 51 })]);
    await registerModel(store, name, { ...model, golden: other.golden });
    await beginRollout(1);
    const core = await open();
    expect(await core.inference.infer(someRequest(name))).toMatchObject([
      { arm: 'direct', model: { version: 1 } },
    ]);
    expect(core.records).toMatchObject([
      { arm: 'challenger', version: 2, status: 500, rolloutId: rollout() },
      { arm: 'direct', version: 1, status: 0 },
    ]);
  });

  it('while the challenger may yet be loaded nothing counts for the rollout', async () => {
    await register({ seed: 1 });
    await register({ seed: 77 });
    await beginRollout(0.5);
    const challenger = await store.registry.get(name, 2);
    const get: Store['artifacts']['get'] = async (digest) => {
      if (digest === challenger?.digest) throw new PerennialError('STACK_UNAVAILABLE', 'It is away.');
      return store.artifacts.get(digest);
    };
    const core = await openCore({ ...store, artifacts: { ...store.artifacts, get } });
    cores.push(core);
    await core.inference.infer(someRequest(name, { batch: someBatch(KEYS.length), keys: KEYS }));
    expect(core.records.map(({ arm }) => arm).sort()).toEqual(['champion', 'direct']);
    expect(core.records.map(({ rolloutId }) => rolloutId)).toEqual([undefined, undefined]);
  });

  it('a champion that fails is told to the caller and logged', async () => {
    await register({ seed: 1 });
    const core = await open({ batcher: () => ({ predict: () => Promise.reject(new Error('it broke')) }) });
    await expect(core.inference.infer(someRequest(name))).rejects.toThrow('it broke');
    expect(core.records).toMatchObject([{ arm: 'champion', status: 500 }]);
  });

  it('what is the caller’s fault is told to him, and counts against nobody', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout(1);
    const core = await open();
    const { columns } = someBatch(2);
    const wrong = [
      { batch: { rows: 2, columns: { ...columns, distance: ['1', '2'] } } },
      { batch: { rows: 2, columns: { carrier: columns.carrier } } },
      { batch: { rows: 2, columns }, keys: ['a', 'b', 'c'] },
      { batch: { rows: 2, columns }, keys: [] },
      { batch: { rows: 0, columns } },
    ];
    for (const request of wrong)
      await expect(core.inference.infer(someRequest(name, request))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    await expect(core.inference.infer(someRequest(name, { ...wrong[0], version: 2 }))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(core.records).toEqual([]);
  });

  it('infinities and missing values are answered: the graph reads them as missing', async () => {
    await register({ seed: 1 });
    const core = await open();
    const columns = {
      distance: Float64Array.of(Infinity, -Infinity, NaN),
      carrier: ['', 'never seen', 'AA'],
      at: Float64Array.of(NaN, 0, 1e15),
      urgent: Float64Array.of(NaN, 0, 1),
    };
    const [part] = await core.inference.infer(someRequest(name, { batch: { rows: 3, columns } }));
    expect(part.answers.probabilities?.every(Number.isFinite)).toBe(true);
  });
});

describe('under load', () => {
  it('a new version never costs a request: 20 redeployments, no failure, each answer its version’s own', async () => {
    for (const seed of [1, 2, 3]) await register({ seed });
    const core = await open();
    const expected = await Promise.all([1, 2, 3].map((seed) => answersOf(seed, 1)));
    let over = false;
    const seen = new Map<number, number>();
    const ask = async (): Promise<void> => {
      while (!over) {
        const [{ model, answers }] = await core.inference.infer(someRequest(name));
        expect(answers).toEqual(expected[model.version - 1]);
        seen.set(model.version, (seen.get(model.version) ?? 0) + 1);
      }
    };
    const asking = Promise.all(Array.from({ length: 20 }, ask));
    for (let i = 0; i < 20; i++) {
      const championVersion = ((i + 1) % 3) + 1;
      const { revision } = await changeRoute(store, name, { championVersion });
      await until(() => core.routing.active(name)?.route.revision).toBe(revision);
      const before = seen.get(championVersion) ?? 0;
      await until(() => seen.get(championVersion) ?? 0).toBeGreaterThan(before);
    }
    over = true;
    await asking;
    expect([...seen.keys()].sort()).toEqual([1, 2, 3]);
    expect(core.records.filter(({ status }) => status !== 0)).toEqual([]);
    expect(core.models.loaded().filter((model) => model.startsWith(`${name}@`))).toHaveLength(1);
  });

  it('more than its bounds is refused at once, and taken again afterwards', async () => {
    await register({ seed: 1 });
    const rows = await open({ limits: { maxRowsUnderWay: 3 } });
    const two = () => rows.inference.infer(someRequest(name, { batch: someBatch(2) }));
    const [first, second] = await Promise.allSettled([two(), two()]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'OVERLOADED' } });
    expect(await two()).toHaveLength(1);
    // Larger than all that may be under way together, and alone.
    expect(await rows.inference.infer(someRequest(name, { batch: someBatch(5) }))).toHaveLength(1);

    const requests = await open({ limits: { maxRequestsUnderWay: 2 } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => requests.inference.infer(someRequest(name))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(requests.records).toHaveLength(2);
  });

  it('more rows than a request may hold are too large', async () => {
    await register({ seed: 1 });
    const core = await open({ limits: { maxRows: 10 } });
    await expect(core.inference.infer(someRequest(name, { batch: someBatch(11) }))).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('an answer that comes too late is none, and counts against its version', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    const core = await open({ answerTimeoutMs: 1_000 });
    const receivedMs = performance.now() - 2_000;
    for (const rows of [1, 2_000]) {
      const late = someRequest(name, { batch: someBatch(rows), receivedMs });
      await expect(core.inference.infer(late)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    }
    expect(core.records).toMatchObject([
      { arm: 'champion', status: 504, rows: 1 },
      { arm: 'champion', status: 504, rows: 2_000 },
    ]);
    const unloaded = someRequest(name, { version: 2, receivedMs });
    await expect(core.inference.infer(unloaded)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('a caller who has gone costs nothing, and counts against nobody', async () => {
    await register({ seed: 1 });
    const core = await open();
    for (const rows of [1, 2_000]) {
      const gone = someRequest(name, { batch: someBatch(rows), signal: AbortSignal.abort() });
      await expect(core.inference.infer(gone)).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    expect(core.records).toEqual([]);
  });
});

describe('without the database', () => {
  it('the champion alone answers once the lease has run out, and nothing of the challenger’s is counted', async () => {
    await register({ seed: 1 });
    await register({ seed: 2 });
    await beginRollout(0.5);
    const core = await open({ lease: { renewEveryMs: 20, leaseMs: 3_000 } });
    await until(() => core.lease.holds()).toBe(true);
    const batch = someBatch(KEYS.length);
    const ask = () => core.inference.infer(someRequest(name, { batch, keys: KEYS }));
    expect((await ask()).map(({ arm }) => arm)).toEqual(['champion', 'challenger']);

    const giveBack = await takeDatabaseAway(bench.url);
    try {
      await until(() => core.lease.holds()).toBe(false);
      core.records.length = 0;
      const parts = await ask();
      expect(parts.map(({ arm, model }) => [arm, model.version])).toEqual([
        ['champion', 1],
        ['direct', 1],
      ]);
      expect(core.records.filter(({ status }) => status !== 0)).toEqual([]);
      const questions = [
        () => core.inference.describe(name, 7),
        () => core.inference.infer(someRequest(name, { version: 7 })),
      ];
      for (const asked of questions)
        await expect(asked()).rejects.toMatchObject({ code: 'STACK_UNAVAILABLE' });
    } finally {
      await giveBack();
    }
    await until(() => core.lease.holds()).toBe(true);
    expect((await ask()).map(({ arm }) => arm)).toEqual(['champion', 'challenger']);
  });
});
