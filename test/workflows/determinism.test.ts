import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freshHome, install, type Installation } from '../crash/installation.ts';
import { writeDeliveries } from '../crash/dataset.ts';
import { deliveries } from '../crash/lifecycle.ts';
import { forest, logistic } from '../../config/define.ts';
import { parseDefinition } from '../../config/definition.ts';
import { declaredCandidates } from '../config/declared.ts';
import type { TrainingResult } from '../../workflows/messages.ts';

/** The same data, definition and seed give the same bytes, on any number of workers and threads, run after run. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Enough for several chunks of work a thread. */
const ROWS = 20_000;
const data = mkdtempSync(join(tmpdir(), 'perennial-same-'));
/** Sixteen candidates at the same time: a trainer takes eight, so that both have some. */
const definition = parseDefinition({
  ...deliveries(data),
  search: [
    forest({ trees: 10, maxDepth: [4, 6], minLeaf: [1, 2, 4, 8, 16, 32, 64] }),
    logistic({ l2: [0.1, 1] }),
  ],
  parallelism: 16,
});

beforeAll(() => writeDeliveries(join(data, 'deliveries.csv'), ROWS));
afterAll(() => rmSync(data, { recursive: true, force: true }));

test('one trainer with one thread and two trainers with two threads make the same model, twice', async () => {
  const alone = await withStack({ trainers: 1, threads: 1 }, async (stack) => [
    await train(stack),
    await train(stack),
  ]);
  const together = await withStack({ trainers: 2, threads: 2 }, async (stack) => {
    const result = await train(stack);
    const identities = await trainersOf(stack, result);
    expect(identities.size, 'trainers that took part').toBe(2);
    return [result, await train(stack)];
  });
  for (const [first, second] of [alone, together]) {
    expect(first).toMatchObject({ outcome: 'registered', run: 1, version: 1, existing: false });
    expect(second).toMatchObject({ outcome: 'registered', run: 2, version: 1, existing: true });
    expect(second.digest).toBe(first.digest);
  }
  expect(together[0].digest).toBe(alone[0].digest);
});

async function train({ client, store }: Installation): Promise<TrainingResult> {
  const result = await (await client.train(definition)).result();
  expect(await store.orphans()).toEqual([]);
  return result;
}

/** Processes that worked on candidates, by what they call themselves in the histories. */
async function trainersOf({ temporal }: Installation, { name, run }: TrainingResult): Promise<Set<string>> {
  const identities = new Set<string>();
  for (let index = 0; index < declaredCandidates(definition).length; index++) {
    const handle = temporal.workflow.getHandle(`training/${name}/${run}/candidate/${index}`);
    for (const { activityTaskStartedEventAttributes: started } of (await handle.fetchHistory()).events ?? [])
      if (started?.identity) identities.add(started.identity);
  }
  return identities;
}

async function withStack<T>(
  { trainers, threads }: { trainers: number; threads: number },
  body: (installation: Installation) => Promise<T>,
): Promise<T> {
  const home = freshHome({ threads });
  const installation = await install(home.environment, { trainer: trainers });
  try {
    return await body(installation);
  } finally {
    await installation.stop();
    home.remove();
  }
}
