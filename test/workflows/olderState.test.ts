import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import { secret, tree, webhook } from '../../config/define.ts';
import type { LifecycleState } from '../../workflows/lifecycleMessages.ts';
import { ids, queues } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/** A lifecycle that ended before it kept what it did goes on from an older state, and does nothing a second time. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const notify = { webhooks: [webhook('http://127.0.0.1:1/nobody', { key: secret('NOBODY_KEY') })] };

async function deploy(name: string, maxDepth = 3) {
  const definition = small(bench, { name, search: [tree({ maxDepth })], notify });
  return bench.client.lifecycles.deploy(definition, { actor: 'ann', reason: 'a test' });
}

async function kept(name: string): Promise<LifecycleState> {
  const row = await bench.store.lifecycles.get(name);
  return row?.state as unknown as LifecycleState;
}

test('a training that it had begun is taken for its own, and notices are told under numbers that are free', async () => {
  const name = 'twice';
  await deploy(name);
  await atRest(bench.temporal, name);
  const older = await kept(name);
  await bench.client.lifecycles.attach(name).retrain({ actor: 'ann', reason: 'again' });
  const done = await atRest(bench.temporal, name);
  expect(done.notices).toBeGreaterThan(older.notices);
  await bench.temporal.workflow.getHandle(ids.lifecycle(name)).terminate('by a test');
  const [trigger] = (await bench.store.lifecycles.triggers(name)).filter(({ kind }) => kind === 'person');
  const { id, kind, reason, by, at } = trigger;
  const carried = { ...older, pending: { id, kind, reason, by, at } };
  await bench.temporal.workflow.start('lifecycle', {
    workflowId: ids.lifecycle(name),
    taskQueue: queues.orchestrator,
    args: [{ name, carried }],
  });
  const progress = await atRest(bench.temporal, name);
  expect(progress).toMatchObject({ phase: 'serving', champion: 1 });
  expect(progress.training).toBeUndefined();
  expect(progress.notices).toBeGreaterThan(done.notices);
  expect(progress.recent.map(({ text }) => text).join(' ')).not.toMatch(/failed/);
  const runs = await bench.store.runs.list(name);
  expect(runs.map(({ number, status }) => [number, status])).toEqual([
    [2, 'registered'],
    [1, 'registered'],
  ]);
});

test('a deployment that it had recorded keeps its number, and the next has another', async () => {
  const name = 'numbered';
  const { definitionHash } = await deploy(name);
  await atRest(bench.temporal, name);
  await bench.temporal.workflow.getHandle(ids.lifecycle(name)).terminate('by a test');
  await bench.store.lifecycles.recordDeployment({
    ...{ name, number: 2, definitionHash, baseDirectory: bench.folder, actor: 'bob', reason: 'lost' },
    changes: [],
  });
  expect(await deploy(name, 2)).toMatchObject({ number: 3, action: 'train' });
  const rows = await bench.store.lifecycles.deployments(name);
  expect(rows.map(({ number, actor }) => [number, actor])).toEqual([
    [3, 'ann'],
    [2, 'bob'],
    [1, 'ann'],
  ]);
  await atRest(bench.temporal, name);
});
