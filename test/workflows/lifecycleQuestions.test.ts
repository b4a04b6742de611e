import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import { schema, type LifecycleInput } from '../../config/define.ts';
import type { LifecycleProgress } from '../../workflows/lifecycleMessages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

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
    const id = await asked(name, { approvals: { before: ['rollout'], fourEyes: true } });
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
