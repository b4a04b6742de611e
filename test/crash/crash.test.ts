import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi, type TestContext } from 'vitest';
import { isRunning, markProcess, waitUntil } from '../../embedded/processes.ts';
import { stopStack } from '../../embedded/stack.ts';
import type { Stack } from '../../embedded/supervisor.ts';
import { writeDeliveries } from './dataset.ts';
import { freshHome, install, logsOf, open, type Installation } from './installation.ts';
import { expectLanded, killInside, untilInside, type Place } from './kill.ts';
import { deliveries, ROWS } from './lifecycle.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

/**
 * Whatever process dies in whatever stage, without a chance to tidy up: the run completes and leaves behind exactly
 * what an undisturbed run does, bit for bit and row for row. Each kill is shown to have landed inside its stage.
 */

// Most of a scenario waits for a heartbeat that does not come (15 s): two at a time on two cores.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000, maxConcurrency: 2 });

const data = mkdtempSync(join(tmpdir(), 'perennial-crash-data-'));
let undisturbed: Outcome;

beforeAll(async () => {
  writeDeliveries(join(data, 'deliveries.csv'), ROWS);
  const home = freshHome();
  const installation = await install(home.environment);
  try {
    const training = await installation.client.train(deliveries(data));
    undisturbed = await outcomeOf(installation, await training.result());
  } finally {
    await installation.stop();
    home.remove();
  }
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

test('an undisturbed run registers one model, and each effect once', () => {
  expect(undisturbed).toMatchObject({
    result: { outcome: 'registered', version: 1, existing: false, champion: true },
    run: { status: 'registered' },
    runs: ['training/deliveries/1'],
    versions: [{ version: 1, digest: undisturbed.result.digest }],
    // Newest first.
    audit: [
      'run.close training/deliveries/1',
      'route.change route/deliveries',
      'version.register model/deliveries/1',
      'run.open training/deliveries/1',
    ],
    auditIntact: true,
    orphans: [],
  });
  expect(undisturbed.candidates.map(({ index, status }) => [index, status])).toEqual(
    [0, 1, 2, 3, 4, 5].map((index) => [index, 'done']),
  );
});

describe.concurrent('a SIGKILL of', () => {
  test.for<{ victims: string[]; who: string; place: Place; retried: boolean }>([
    {
      who: 'the trainer inside ingest',
      victims: ['trainer-0'],
      place: { stage: 'ingest', activity: 'ingest' },
      retried: true,
    },
    {
      who: 'the Temporal server inside ingest',
      victims: ['temporal'],
      place: { stage: 'ingest', activity: 'ingest' },
      retried: false,
    },
    {
      who: 'Postgres inside featurize',
      victims: ['postgres'],
      place: { stage: 'featurize', activity: 'featurize' },
      retried: false,
    },
    {
      who: 'the trainer inside search',
      victims: ['trainer-0'],
      place: { stage: 'search', activity: 'trainFamily', family: 0 },
      retried: true,
    },
    {
      who: 'every worker inside evaluate',
      victims: ['trainer-0', 'orchestrator-0'],
      place: { stage: 'evaluate', activity: 'evaluate' },
      retried: true,
    },
  ])('$who changes nothing in the outcome', async ({ victims, place, retried }, context) => {
    const installation = await fresh(context);
    const training = await installation.client.train(deliveries(data));
    const kill = await killInside(installation, training, place, victims);
    const result = await training.result();
    await expectLanded(installation.temporal, training, kill, { retried });
    expect(await outcomeOf(installation, result)).toEqual(undisturbed);
  });

  test('the supervisor inside search ends every worker; a new one in the same home completes the run', async ({
    task,
    onTestFinished,
  }) => {
    const { environment, remove } = freshHome();
    onTestFinished(async () => {
      if (task.result?.state === 'fail') process.stderr.write(logsOf(environment));
      await stopStack(environment.home);
      remove();
    });
    const supervisor = fork(fileURLToPath(new URL('./supervised.ts', import.meta.url)), [environment.home], {
      execArgv: ['--import', 'tsx'],
    });
    const [info] = (await once(supervisor, 'message')) as [Stack['info']];
    const before = await open(environment, info);
    const training = await before.client.train(deliveries(data));
    const place: Place = { stage: 'search', activity: 'trainFamily', family: 0 };
    await untilInside(before.temporal, training, place);
    const mark = markProcess(supervisor.pid as number);
    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
    const deadAt = Date.now();
    expect(mark && isRunning(mark)).toBe(false);
    await before.close();
    const workers = [info.parts['trainer-0'], info.parts['orchestrator-0']];
    expect(await waitUntil(() => !workers.some(isRunning), 30_000)).toBe(true);

    const installation = await install(environment);
    onTestFinished(() => installation.stop());
    const again = await installation.client.attach(training.name, training.run);
    const result = await again.result();
    // The orphaned worker may have ended its candidates within its grace: not a second attempt, but a later end.
    await expectLanded(installation.temporal, training, { place, deadAt }, { retried: false });
    expect(await outcomeOf(installation, result)).toEqual(undisturbed);
  });
});

/** The hooks are the test's own: vitest's global ones do not know which of two tests at a time calls them. */
async function fresh({ task, onTestFinished }: TestContext): Promise<Installation> {
  const home = freshHome();
  const installation = await install(home.environment);
  onTestFinished(async () => {
    if (task.result?.state === 'fail') process.stderr.write(logsOf(home.environment));
    await installation.stop();
    home.remove();
  });
  return installation;
}
