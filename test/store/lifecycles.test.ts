import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataTriggerId } from '../../decisions/lifecycle/newData.ts';
import type { Store } from '../../store/types.ts';
import { openBench, startRun, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';

/** What a lifecycle is, was asked for and decided is kept once, whoever asks again, and stands in the audit. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const trigger = (name: string, id: string, decision: 'train' | 'refused' = 'train') => ({
  ...{
    name,
    id,
    kind: 'drift',
    reason: 'the world moved',
    by: `watch/${name}`,
    at: '2026-01-01T00:00:00.000Z',
  },
  ...{ decision, because: 'Nothing stands against it.' },
});

async function deployed(name: string): Promise<string> {
  await registerVersions(store, name, 1);
  const version = await store.registry.get(name);
  const definitionHash = version?.definitionHash ?? '';
  const changes = [{ section: 'watch', redo: 'watch' }];
  const rest = { definitionHash, baseDirectory: '/data', actor: 'ada', reason: 'first', changes };
  await store.lifecycles.recordDeployment({ name, number: 1, ...rest });
  return definitionHash;
}

describe('a deployment', () => {
  test('is kept once, with one audit row', async () => {
    const definitionHash = await deployed('kept');
    await deployedAgain('kept', definitionHash);
    expect(await store.lifecycles.deployments('kept')).toMatchObject([
      { number: 1, actor: 'ada', reason: 'first', changes: [{ section: 'watch', redo: 'watch' }] },
    ]);
    expect(await store.audit.list('lifecycle/kept')).toMatchObject([
      { action: 'lifecycle.deploy', actor: 'ada' },
    ]);
    expect(await store.lifecycles.get('kept')).toMatchObject({
      definitionHash,
      deployedBy: 'ada',
      revision: 0,
    });
    expect(await store.lifecycles.get('nobody')).toBeUndefined();
  });

  async function deployedAgain(name: string, definitionHash: string): Promise<void> {
    const rest = { definitionHash, baseDirectory: '/elsewhere', actor: 'bob', reason: 'again', changes: [] };
    await store.lifecycles.recordDeployment({ name, number: 1, ...rest });
  }
});

test('a state that is older than the one that is kept changes nothing', async () => {
  await deployed('states');
  await store.lifecycles.keepState('states', 2, { two: true });
  await store.lifecycles.keepState('states', 1, { one: true });
  await store.lifecycles.keepState('states', 2, { another: true });
  expect(await store.lifecycles.get('states')).toMatchObject({ revision: 2, state: { two: true } });
  await store.lifecycles.keepState('states', 3, { three: true });
  expect((await store.lifecycles.list()).find(({ name }) => name === 'states')?.state).toEqual({
    three: true,
  });
});

test('new data is taken once a trigger of it was decided, or the last training has read it', async () => {
  const name = 'fed';
  await deployed(name);
  const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(64));
  const taken = async () =>
    Promise.all([first, second, third].map((digest) => store.lifecycles.isDataTaken(name, digest)));
  const decide = (digest: string) =>
    store.lifecycles.decideTrigger({ ...trigger(name, dataTriggerId(digest)), kind: 'data' });
  const read = async (sourcesDigest: string) => {
    const { number } = await startRun(store, name);
    await store.runs.update(name, number, { sourcesDigest });
    await store.runs.close(name, number, { status: 'failed', reason: 'a test' });
    return number;
  };
  expect(await taken()).toEqual([false, false, false]);
  await read(first);
  expect(await taken()).toEqual([true, false, false]);
  expect(await decide(second)).toMatchObject({ decision: 'train' });
  expect(await taken()).toEqual([true, true, false]);
  // Told while another training was under way, which has read it: one training for it.
  const number = await read(third);
  expect(await taken()).toEqual([false, true, true]);
  const late = await decide(third);
  expect(late).toMatchObject({ decision: 'refused', because: `Training ${number} has read it.` });
  expect(late.run).toBeUndefined();
  expect(await decide(third)).toMatchObject({ decision: 'refused', because: late.because });
});

describe('a trigger', () => {
  test('told twenty times at once is one training', async () => {
    await deployed('once');
    const before = await store.runs.nextNumber('once');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => store.lifecycles.decideTrigger(trigger('once', 'drift/1/7'))),
    );
    expect(new Set(answers.map(({ run }) => run))).toEqual(new Set([before + 1]));
    expect(await store.runs.nextNumber('once')).toBe(before + 2);
    const audited = (await store.audit.list('lifecycle/once')).filter(
      ({ action }) => action === 'trigger.train',
    );
    expect(audited).toHaveLength(1);
  });

  test('that was refused stays refused', async () => {
    await deployed('refused');
    await store.lifecycles.decideTrigger(trigger('refused', 'a', 'refused'));
    expect(await store.lifecycles.decideTrigger(trigger('refused', 'a'))).toMatchObject({
      decision: 'refused',
    });
    expect(await store.lifecycles.triggers('refused')).toMatchObject([{ id: 'a', decision: 'refused' }]);
  });
});

test('a version is marked bad once, and a note is written once', async () => {
  await deployed('bad');
  for (const reason of ['below the floor', 'again'])
    await store.lifecycles.markBad('bad', 1, reason, 'lifecycle/bad');
  expect(await store.lifecycles.badVersions('bad')).toMatchObject([
    { version: 1, reason: 'below the floor' },
  ]);
  const entry = { key: 'k', actor: 'ada', action: 'lifecycle.pause', details: { reason: 'x' } };
  for (let i = 0; i < 2; i++) await store.lifecycles.note('bad', entry);
  const actions = (await store.audit.list()).map(({ action, subject }) => `${action} ${subject}`);
  expect(actions.filter((text) => text === 'version.bad model/bad/1')).toHaveLength(1);
  expect(actions.filter((text) => text === 'lifecycle.pause lifecycle/bad')).toHaveLength(1);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
});

test('an event waits until it was told, once', async () => {
  await deployed('events');
  const event = { name: 'events', id: 'e-1', reason: 'a new season', actor: 'shop' };
  expect(await store.lifecycles.putEvent(event)).toEqual({ existing: false });
  expect(await store.lifecycles.putEvent(event)).toEqual({ existing: true });
  expect(await store.lifecycles.untoldEvents(10)).toMatchObject([event]);
  const failed = async () => (await store.lifecycles.delayEvent('events', 'e-1', 'no way'))?.attempts;
  expect([await failed(), await failed()]).toEqual([1, 2]);
  expect(await store.lifecycles.untoldEvents(10)).toEqual([]);
  expect(await store.lifecycles.delayedEvents()).toMatchObject([
    { ...event, attempts: 2, failure: 'no way' },
  ]);
  await store.lifecycles.markTold('events', 'e-1');
  expect(await failed()).toBeUndefined();
  expect(await store.lifecycles.delayedEvents()).toEqual([]);
  expect(await store.lifecycles.untoldEvents(10)).toEqual([]);
  expect(await store.lifecycles.putEvent(event)).toEqual({ existing: true });
});
