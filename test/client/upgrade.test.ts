import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atRest } from '../../client/replayPast.ts';
import { readEnvironment } from '../../config/environment.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { ids } from '../../workflows/messages.ts';
import { open } from '../crash/installation.ts';
import { csvOf, span } from '../workflows/pastParcels.ts';
import { eventually } from '../workflows/rollouts.ts';
import { BIN, perennial, type Outcome } from './cli.ts';

/**
 * The commands of docs/operations.md#upgrade, given while a lifecycle watches and rolls out: another program takes over, and
 * everything goes on where it was. PERENNIAL_UPGRADE_FROM names a checkout of the earlier program; without it, it is this one,
 * and what is shown is that new workers take over.
 */

vi.setConfig({ testTimeout: 600_000, hookTimeout: 200_000 });

const earlier = process.env.PERENNIAL_UPGRADE_FROM;
const home = mkdtempSync(join(tmpdir(), 'perennial-upgrade-'));
const env = { PERENNIAL_HOME: join(home, 'state'), PERENNIAL_LOG: 'warn' };
const because = ['--reason', 'a test', '--as', 'ada'];
const name = 'upgraded';

const before = (...args: string[]): Promise<Outcome> =>
  perennial(args, { env, bin: earlier === undefined ? BIN : join(earlier, 'client/bin.mjs') });
const after = (...args: string[]): Promise<Outcome> => perennial(args, { env });

async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const ended = await outcome;
  expect(ended, `${ended.stdout}${ended.stderr}`).toMatchObject({ code: 0 });
  return ended;
}

const inside = () => open({ ...readEnvironment(env), home: env.PERENNIAL_HOME }, stackOf());
type Inside = Awaited<ReturnType<typeof inside>>;

function stackOf() {
  const stack = readStack(env.PERENNIAL_HOME);
  if (!stack) throw new Error(`no stack is up in ${env.PERENNIAL_HOME}`);
  return stack;
}

async function look<T>(body: (stack: Inside) => Promise<T>): Promise<T> {
  const stack = await inside();
  try {
    return await body(stack);
  } finally {
    await stack.close();
  }
}

function write(columns: string[]): string {
  const definition = {
    apiVersion: 1,
    name,
    sources: { parcels: { kind: 'csv', from: join(home, 'parcels.csv') } },
    dataset: 'SELECT * FROM parcels',
    ...{ target: 'late', key: ['id'], time: 'seen' },
    features: [{ kind: 'passthrough', columns }],
    search: [{ learner: 'tree', grid: { maxDepth: [3] } }],
    select: { metric: 'accuracy', folds: 2, tolerance: 1 },
    canary: { start: 'automatic', probationMs: 0 },
    watch: { everyMs: 86_400_000 },
    retrain: { cooldownMs: 0 },
  };
  const file = join(home, 'definition.json');
  writeFileSync(file, JSON.stringify(definition));
  return file;
}

beforeAll(async () => {
  writeFileSync(join(home, 'parcels.csv'), csvOf(span(0, 8)));
  await done(before('up'));
});
afterAll(async () => {
  await after('down');
  rmSync(home, { recursive: true, force: true });
});

test('a lifecycle that watches and rolls out goes on under the next program', async () => {
  await done(before('deploy', write(['size', 'weight']), ...because));
  const rest = () => look(({ temporal }) => atRest(temporal, name));
  await eventually(async () => expect((await rest()).watching).toBe(true));
  await done(before('watch', 'now', name));
  await done(before('deploy', write(['size']), ...because));
  await eventually(async () =>
    expect(await look(({ client }) => client.lifecycles.attach(name).progress())).toMatchObject({
      phase: 'rolling-out',
      rollout: { number: 1, challengerVersion: 2 },
    }),
  );
  await done(before('lifecycle', 'pause', name, ...because));

  await done(before('backup', join(home, 'before-upgrade.perennial')));
  const executions = await look(executionsOf);
  await done(before('down'));
  await done(after('up'));
  await done(after('status'));

  // The same executions, as they were.
  expect(await look(executionsOf)).toEqual(executions);
  expect(await look(({ client }) => client.lifecycles.attach(name).progress())).toMatchObject({
    ...{ phase: 'rolling-out', champion: 1, watching: true },
    ...{ rollout: { number: 1 }, paused: { actor: 'ada' } },
  });
  await done(after('lifecycle', 'resume', name, ...because));
  await done(after('watch', 'now', name));
  await done(after('rollout', 'promote', `${name}/1`, ...because));
  await eventually(async () => expect(await rest()).toMatchObject({ phase: 'serving', champion: 2 }));
  await done(after('retrain', name, ...because));
  await rest();

  await look(async ({ store, temporal }) => {
    expect((await store.watch.windows(name)).map(({ number }) => number)).toEqual([2, 1]);
    expect((await store.runs.list(name)).map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(await store.rollouts.get(name, 1)).toMatchObject({ status: 'promoted' });
    expect(await store.routes.get(name)).toMatchObject({ championVersion: 2 });
    expect(await store.audit.verify()).toMatchObject({ intact: true });
    // No worker of the next program met a history that it would have made otherwise.
    for (const id of workflows) {
      const { events } = await temporal.workflow.getHandle(id).fetchHistory();
      const failed = events?.flatMap(
        (event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? [],
      );
      expect(failed, id).toEqual([]);
    }
  });
});

const workflows = [ids.lifecycle(name), ids.watch(name), ids.rollout(name, 1)];

async function executionsOf({ temporal }: Inside): Promise<string[]> {
  return Promise.all(
    workflows.map(async (id) => {
      const { runId, status } = await temporal.workflow.getHandle(id).describe();
      return `${id} ${runId} ${status.name}`;
    }),
  );
}
