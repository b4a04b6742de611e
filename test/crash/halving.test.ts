import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { forest, integers, logistic } from '../../config/define.ts';
import { parseDefinition, type Definition } from '../../config/definition.ts';
import type { TrainingResult } from '../../workflows/messages.ts';
import { writeDeliveries } from './dataset.ts';
import { freshHome, install, logsOf, type Installation } from './installation.ts';
import { expectLanded, killInside, type Place } from './kill.ts';
import { deliveries } from './lifecycle.ts';
import { outcomeOf } from './outcome.ts';

/** Successive halving that is killed in the middle goes on and yields what the undisturbed one yields, trial by trial. */

vi.setConfig({ testTimeout: 400_000, hookTimeout: 300_000 });

const data = mkdtempSync(join(tmpdir(), 'perennial-crash-halving-'));
beforeAll(() => writeDeliveries(join(data, 'deliveries.csv'), 40_000));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const definition = (): Definition =>
  parseDefinition({
    ...deliveries(data),
    search: [
      forest(
        { trees: 60, maxDepth: integers(4, 14), minLeaf: integers(1, 50, { log: true }) },
        { candidates: 9 },
      ),
      logistic({ l2: [0.1, 1] }),
    ],
    halving: { resource: 'rows', minimum: 2_000 },
  });

async function everything(installation: Installation, result: TrainingResult) {
  const { name, run } = result;
  const trials = await installation.store.trials.list(name, run);
  return {
    ...(await outcomeOf(installation, result)),
    trials: trials.map((trial) => ({ ...trial, durationMs: undefined })),
  };
}

test('a SIGKILL of trainer and orchestrator inside a promoted trial changes no trial and nothing in the outcome', async ({
  task,
  onTestFinished,
}) => {
  const undisturbed = await withStack(async (installation) => {
    const training = await installation.client.train(definition());
    return everything(installation, await training.result());
  });
  expect(undisturbed.result).toMatchObject({ outcome: 'registered', version: 1 });
  expect(undisturbed.candidates).toHaveLength(11);
  const promoted = undisturbed.trials.find(({ rung }) => rung === 1);
  expect(promoted).toBeDefined();

  const home = freshHome();
  const installation = await install(home.environment);
  onTestFinished(async () => {
    if (task.result?.state === 'fail') process.stderr.write(logsOf(home.environment));
    await installation.stop();
    home.remove();
  });
  const training = await installation.client.train(definition());
  const place: Place = { stage: 'search', activity: 'trainCandidate', candidate: promoted?.index, rung: 1 };
  const kill = await killInside(installation, training, place, ['trainer-0', 'orchestrator-0']);
  const result = await training.result();
  await expectLanded(installation.temporal, training, kill, { retried: true });
  expect(await everything(installation, result)).toEqual(undisturbed);
});

async function withStack<T>(body: (installation: Installation) => Promise<T>): Promise<T> {
  const home = freshHome();
  const installation = await install(home.environment);
  try {
    return await body(installation);
  } finally {
    await installation.stop();
    home.remove();
  }
}
