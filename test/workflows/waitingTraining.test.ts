import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import { tree } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { lifecycleQuery } from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { eventually } from './rollouts.ts';

/** What was decided once is trained in the end: a training by hand is waited for, and one that failed is done again. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const define = (name: string, maxDepth: number) => small(bench, { name, search: [tree({ maxDepth })] });
const deploy = (definition: Definition) =>
  bench.client.lifecycles.deploy(definition, { actor: 'ann', reason: 'a test' });

test('a trigger that comes while somebody trains by hand is trained when that has ended', async () => {
  const name = 'byhand';
  const { definitionHash } = await deploy(define(name, 3));
  await atRest(bench.temporal, name);
  // In place of a training by hand: a row that is under way, of a workflow that is open.
  const number = await bench.store.runs.nextNumber(name);
  await bench.store.runs.open({
    ...{ name, number, definitionHash, executionId: 'by hand', actor: 'bob' },
    workflowId: ids.lifecycle(name),
  });
  await bench.client.lifecycles.attach(name).retrain({ actor: 'ann', reason: 'again' });
  const handle = bench.temporal.workflow.getHandle(ids.training(name, number + 1));
  await eventually(async () => {
    const { raw } = await handle.describe();
    expect(raw.pendingActivities?.[0]?.lastFailure?.message).toMatch(/under way; one run/);
  });
  expect((await bench.temporal.workflow.getHandle(ids.lifecycle(name)).query(lifecycleQuery)).phase).toBe(
    'training',
  );
  await bench.store.runs.close(name, number, { status: 'cancelled', reason: 'It ended.', actor: 'bob' });
  await atRest(bench.temporal, name);
  expect(await bench.store.runs.get(name, number + 1)).toMatchObject({ status: 'registered' });
});

test('a definition whose training failed is trained when it is deployed again, and once', async () => {
  const name = 'away';
  await deploy(define(name, 3));
  await atRest(bench.temporal, name);
  const changed = define(name, 2);
  bench.write(`${name}.csv`, 'id,nothing\n1,2\n');
  expect((await deploy(changed)).action).toBe('train');
  await atRest(bench.temporal, name);
  expect(await bench.store.runs.get(name, 2)).toMatchObject({ status: 'failed' });
  expect(await deploy(define(name, 2))).toMatchObject({ action: 'train', changes: [] });
  await atRest(bench.temporal, name);
  expect((await bench.store.runs.get(name, 3))?.status).not.toBe('failed');
  expect((await deploy(define(name, 2))).action).toBe('nothing');
});
