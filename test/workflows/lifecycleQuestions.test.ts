import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { lifecycleActivities } from '../../activities/lifecycle.ts';
import { atRest } from '../../client/replayPast.ts';
import { schema, type LifecycleInput } from '../../config/define.ts';
import {
  triggerSignal,
  watchedSignal,
  type LifecycleProgress,
  type Watched,
} from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { eventually } from './rollouts.ts';

/** A lifecycle asks a person where no rule can decide, and what the person says is what happens. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

type More = Partial<LifecycleInput>;
const deploy = (name: string, more: More = {}) =>
  bench.client.lifecycles.deploy(small(bench, { name, ...more }), { actor: 'ann', reason: 'a test' });
const rest = (name: string): Promise<LifecycleProgress> => atRest(bench.temporal, name);
const audit = (name: string) => bench.store.audit.list(`lifecycle/${name}`);
const inboxOf = async (name: string) =>
  (await bench.client.lifecycles.inbox()).filter((item) => item.name === name);

describe('a model that cannot be compared with the champion', () => {
  const before = { retrain: {}, checks: [schema({ severity: 'warn' })] } satisfies More;
  /** The champion reads `colour`, which the dataset has no more. */
  const after = { ...before, dataset: 'SELECT id, size, late FROM parcels' } satisfies More;

  async function asked(name: string, more: More = {}): Promise<string> {
    await deploy(name, { ...before, ...more });
    await rest(name);
    await deploy(name, { ...after, ...more });
    expect(await rest(name)).toMatchObject({ phase: 'awaiting-approval', champion: 1, rejectedInARow: 0 });
    const items = await inboxOf(name);
    expect(items).toMatchObject([{ kind: 'version', by: 'ann' }]);
    expect(items[0].question).toMatch(/model of training 2 .*lacks its column colour/);
    expect(await bench.store.runs.get(name, 2)).toMatchObject({ status: 'gate-refused' });
    expect(await bench.store.registry.list(name)).toHaveLength(1);
    return items[0].id;
  }

  test('is registered and becomes champion where a person approves', async () => {
    const name = 'wanted';
    const more = { approvals: { before: ['rollout' as const], fourEyes: true } };
    const id = await asked(name, more);
    // The question outlives the workflow.
    await bench.temporal.workflow.getHandle(ids.lifecycle(name)).terminate('by a test');
    expect((await deploy(name, { ...after, ...more })).action).toBe('nothing');
    expect(await inboxOf(name)).toMatchObject([{ id }]);
    await expect(
      bench.client.lifecycles.approve(id, { actor: 'ann', reason: 'my own' }),
    ).rejects.toMatchObject({ code: 'LIFECYCLE_STATE' });
    await bench.client.lifecycles.approve(id, { actor: 'bob', reason: 'colour is gone' });
    expect(await rest(name)).toMatchObject({ champion: 2, phase: 'serving', rejectedInARow: 0 });
    expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 2 });
    const model = await bench.store.registry.get(name, 2);
    expect(model).toMatchObject({ runNumber: 2, champion: true });
    expect(model?.signature.inputs.map((column) => column.name)).toEqual(['size']);
    // The run is as it ended; who wanted it, and why, stands in the audit.
    expect(await bench.store.runs.get(name, 2)).toMatchObject({ status: 'gate-refused' });
    expect(await bench.store.audit.list(`model/${name}/2`)).toMatchObject([
      { action: 'version.register', actor: 'bob', details: { reason: 'colour is gone' } },
    ]);
    expect(await audit(name)).toContainEqual(
      expect.objectContaining({
        action: 'approval.approve',
        actor: 'bob',
        details: expect.objectContaining({ kind: 'version', run: 2, reason: 'colour is gone' }) as unknown,
      }),
    );
    expect(await inboxOf(name)).toEqual([]);
  });

  test('is rolled out where that is how the champion is replaced', async () => {
    const name = 'rolled';
    const id = await asked(name, { canary: { start: 'automatic' } });
    await bench.client.lifecycles.approve(id, { actor: 'bob', reason: 'try it' });
    const { rollout } = await bench.client.lifecycles.attach(name).progress();
    expect(rollout).toMatchObject({ number: 1, challengerVersion: 2 });
    await bench.temporal.workflow.getHandle(rollout?.workflowId ?? '').cancel();
    expect(await rest(name)).toMatchObject({ champion: 1 });
  });

  test('ends where a person rejects it', async () => {
    const name = 'unwanted';
    const id = await asked(name);
    // What a lifecycle hears that did not start the training itself.
    const activities = lifecycleActivities({
      ...{ store: bench.store, code: {} },
      isOpen: () => Promise.resolve(false),
    });
    expect(await activities.endOfTraining({ name, run: 2, workflowId: ids.training(name, 2) })).toMatchObject(
      {
        status: 'gate-refused',
        undecided: true,
      },
    );
    await bench.client.lifecycles.reject(id, { actor: 'bob', reason: 'bring colour back' });
    const progress = await rest(name);
    expect(progress).toMatchObject({ champion: 1, phase: 'serving', rejectedInARow: 1 });
    expect(progress.recent.at(-1)?.text).toContain('bring colour back');
    expect(await bench.store.registry.list(name)).toHaveLength(1);
    expect((await audit(name))[0]).toMatchObject({
      action: 'approval.reject',
      actor: 'bob',
      details: { kind: 'version', run: 2, reason: 'bring colour back' },
    });
    await expect(bench.client.lifecycles.approve(id, { actor: 'bob', reason: 'x' })).rejects.toMatchObject({
      code: 'LIFECYCLE_STATE',
    });
  });
});

describe('while a person is asked', () => {
  const more = { retrain: { cooldownMs: 0, perDay: 100 }, approvals: { before: ['retrain'] } } satisfies More;
  const by = (reason: string) => ({ actor: 'bob', reason });
  const handleOf = (name: string) => bench.temporal.workflow.getHandle(ids.lifecycle(name));
  const orders = (name: string) => bench.client.lifecycles.attach(name);

  async function event(name: string, id: string): Promise<LifecycleProgress> {
    const at = new Date().toISOString();
    const trigger = { id: `event/${id}`, kind: 'event' as const, reason: `loaded ${id}`, by: 'shop', at };
    await handleOf(name).signal(triggerSignal, trigger);
    return rest(name);
  }

  /** What the audit says of triggers, oldest first. */
  async function fates(name: string): Promise<string[]> {
    const rows = (await audit(name)).filter(({ action }) => /^(trigger|approval)\./.test(action));
    return rows.reverse().map(({ action, details }) => {
      const { id, because, question } = details as Record<string, string | undefined>;
      return `${action} ${id}: ${because ?? question}`;
    });
  }

  async function asked(name: string): Promise<string> {
    await deploy(name, more);
    await rest(name);
    const { approval, pending } = await event(name, 'a');
    expect(approval).toMatchObject({ kind: 'retrain', trigger: { id: 'event/a' } });
    expect(pending).toBeUndefined();
    return approval?.id ?? '';
  }

  test('what comes by itself waits for the answer, and then has its turn', async () => {
    const name = 'waits';
    const first = await asked(name);
    const waiting = await event(name, 'b');
    expect(waiting).toMatchObject({
      approval: { id: first },
      pending: { id: 'event/b' },
      waiting: { reason: `A person is asked first: ${first}.` },
    });
    // The training that waits serves what comes later.
    expect(await event(name, 'c')).toMatchObject({ approval: { id: first }, pending: { id: 'event/b' } });
    await orders(name).reject({ ...by('not now'), id: first });
    const { approval, pending } = await rest(name);
    expect(approval).toMatchObject({ kind: 'retrain', trigger: { id: 'event/b' } });
    expect(pending).toBeUndefined();
    const second = approval?.id ?? '';
    await orders(name).approve({ ...by('now'), id: second });
    expect(await rest(name)).toMatchObject({ phase: 'serving' });
    expect(await bench.store.runs.list(name)).toHaveLength(2);
    const question = 'The definition asks before each retraining.';
    expect((await fates(name)).slice(1)).toEqual([
      `approval.ask ${first}: ${question}`,
      `trigger.wait event/b: A person is asked first: ${first}.`,
      'trigger.refuse event/c: event waits already.',
      `approval.reject ${first}: ${question}`,
      'trigger.refuse event/a: bob rejected it: not now',
      `approval.ask ${second}: ${question}`,
      `approval.approve ${second}: ${question}`,
      'trigger.train event/b: A person approved it.',
    ]);
  });

  test('what a person orders waits too, before what came by itself', async () => {
    const name = 'ordered';
    const id = await asked(name);
    await event(name, 'b');
    const { pending, training } = await orders(name).retrain(by('at once'));
    expect(pending).toMatchObject({ kind: 'person', reason: 'at once' });
    expect(training).toBeUndefined();
    await orders(name).approve({ ...by('go on'), id });
    await eventually(async () => expect(await bench.store.runs.list(name)).toHaveLength(3));
    expect(await rest(name)).toMatchObject({ phase: 'serving' });
    const told = (await fates(name)).map((fate) => fate.replace(/person\/[^ ]+/, 'person'));
    expect(told.slice(-6)).toEqual([
      `trigger.wait event/b: A person is asked first: ${id}.`,
      `trigger.wait person A person is asked first: ${id}.`,
      'trigger.refuse event/b: person waits in its place.',
      `approval.approve ${id}: The definition asks before each retraining.`,
      'trigger.train event/a: A person approved it.',
      'trigger.train person Nothing stands against it.',
    ]);
  });

  test('an approval that has to wait is not asked for again', async () => {
    const name = 'agreed';
    const id = await asked(name);
    await orders(name).pause(by('holidays'));
    const agreed = await orders(name).approve({ ...by('after the holidays'), id });
    expect(agreed).toMatchObject({ pending: { id: 'event/a' }, waiting: { approved: true } });
    expect(agreed.approval).toBeUndefined();
    await orders(name).resume(by('back'));
    const progress = await rest(name);
    expect(progress.approval).toBeUndefined();
    expect(await bench.store.runs.list(name)).toHaveLength(2);
  });

  test('a drift is told of with its window, and with no later one', async () => {
    const name = 'drifting';
    const id = await asked(name);
    const verdict: Omit<Watched['verdict'], 'state'> = {
      ...{ drifted: [], predictionDrifted: false, labelDrifted: false, faults: [], reason: 'so it is' },
      ...{ quality: 'unknown', estimated: 'unknown' },
    };
    const signal = { fall: true, belowFloor: false, fault: false, reason: 'size moved' };
    const told = (window: number, drift: boolean): Watched => ({
      ...{ window, version: 1, to: `2026-01-0${window}T00:00:00.000Z`, driven: false },
      verdict: { ...verdict, state: drift ? 'shifted' : 'clean' },
      signal: { ...signal, drift },
    });
    await handleOf(name).signal(watchedSignal, told(1, true));
    const drifted = await rest(name);
    expect(drifted.watched?.unheeded).toBe(`A person is asked first: ${id}.`);
    expect(drifted).toMatchObject({ approval: { id } });
    expect(drifted.waiting).toBeUndefined();
    await handleOf(name).signal(watchedSignal, told(2, false));
    expect((await rest(name)).watched).not.toHaveProperty('unheeded');
  });
});

test('a rollout that was terminated is told with what lies at the bottom', async () => {
  const name = 'terminated';
  const canary = { start: 'automatic' as const };
  await deploy(name, { canary });
  await rest(name);
  await deploy(name, { canary, seed: 2, select: { folds: 2, tolerance: 1 } });
  // It is told of from when it is ordered, a moment before its workflow is there.
  await eventually(async () => {
    const { rollout } = await orders(name);
    await bench.temporal.workflow.getHandle(rollout?.workflowId ?? '').terminate('by a test');
  });
  const progress = await rest(name);
  expect(progress).toMatchObject({ champion: 1, rejectedInARow: 1 });
  expect(progress.recent.at(-1)?.text).toMatch(/ended as aborted: Terminated/);
  expect(progress.recent.at(-1)?.text).not.toContain('ChildWorkflow');

  function orders(of: string) {
    return bench.client.lifecycles.attach(of).progress();
  }
});
