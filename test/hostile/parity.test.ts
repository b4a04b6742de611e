import { spawnSync } from 'node:child_process';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, expect, test } from 'vitest';
import { Boundary } from '../../activities/boundary.ts';
import { decodeFeatures } from '../../activities/features.ts';
import { parityActivities } from '../../activities/parity.ts';
import type { RefitResult } from '../../workflows/messages.ts';
import { doubleBytes } from '../../learning/onnx/packed.ts';
import { openBench, type Bench, type BenchOptions } from '../workflows/bench.ts';
import { small } from '../workflows/definitions.ts';
import { perennial } from './commandLine.ts';
import { expectClosed, expectNothingHalfWritten } from './nothingLeft.ts';

/** A model file that answers otherwise than the learner that made it is not registered. */

let bench: Bench;
afterEach(() => bench.close());

test('a graph whose encoder is off by a standard deviation ends the run, and nothing is registered', async () => {
  bench = await openBench({ trainer: withBrokenEncoder });
  const name = 'broken-encoder';
  const file = bench.write('broken.json', JSON.stringify(small(bench, { name })));
  const { exitCode, object } = await perennial(bench, 'train', file);
  expect({ exitCode, error: object.error }).toMatchObject({
    exitCode: 1,
    error: {
      code: 'PARITY_FAILED',
      field: 'model',
      message: expect.stringMatching(
        /labels differ, the largest difference is 0\.\d+.*Nothing was registered/,
      ) as string,
    },
  });
  await expectClosed(bench, name, 'failed', object.error?.message as string);
  await expectNothingHalfWritten(bench, name);
  const { stages } = await (await bench.client.attach(name, 1)).progress();
  expect(stages.at(-1)).toMatchObject({ stage: 'register', state: 'failed' });
});

test('a child that somebody kills is asked again; a file that is no model is refused at once', async () => {
  bench = await openBench();
  const training = await bench.client.train(small(bench, { name: 'asked-again' }));
  await training.result();
  const { digest: modelDigest, goldenDigest } = await bench.client.model(training.name);
  const activities = parityActivities(bench.dependencies);
  const ask = (model: string): Promise<void> => {
    const environment = new MockActivityEnvironment(
      { attempt: 1, activityType: 'checkParity' },
      { interceptors: [() => ({ inbound: new Boundary() })], logger: silent },
    );
    return environment.run((asked: ParityInput) => activities.checkParity(asked), {
      name: 'asked-again',
      run: 1,
      modelDigest: model,
      goldenDigest,
    });
  };

  const killed = ask(modelDigest);
  const failure = expect(killed).rejects.toMatchObject({ type: 'INTERNAL', nonRetryable: false });
  await killTheChild();
  await failure;
  await ask(modelDigest);

  const nonsense = await bench.store.artifacts.put(Uint8Array.of(1, 2, 3), 'model', 'application/onnx', {
    owner: { name: 'asked-again', run: 1, role: 'model' },
  });
  const refused = await ask(nonsense.digest).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApplicationFailure);
  expect(refused).toMatchObject({ type: 'PARITY_FAILED', nonRetryable: true });
});

type ParityInput = Parameters<ReturnType<typeof parityActivities>['checkParity']>[0];
const silent = new DefaultLogger('ERROR', () => undefined);

/** The refit, and a file in which the mean that the first encoder subtracts is another. */
const withBrokenEncoder: BenchOptions['trainer'] = (own, { store }) => ({
  ...own,
  async refit(input): Promise<RefitResult> {
    const result = await own.refit(input);
    if ('request' in result) throw new Error('The winner is a learner of the shelf.');
    const { facts } = decodeFeatures(await store.artifacts.get(input.featuresDigest));
    const block = facts.encoders.blocks.find(({ kind }) => kind === 'standardize');
    if (block?.kind !== 'standardize') throw new Error('There is no standardised column.');
    const bytes = Buffer.from(await store.artifacts.get(result.modelDigest));
    const at = bytes.indexOf(doubleBytes(block.mean));
    expect(at, 'the encoder’s mean in the file').toBeGreaterThan(0);
    bytes.set(doubleBytes(block.mean.map((mean, i) => mean + block.std[i])), at);
    const { name, run } = input;
    const broken = await store.artifacts.put(bytes, 'model', 'application/onnx', {
      owner: { name, run, role: 'model' },
    });
    return { ...result, modelDigest: broken.digest };
  },
});

/** Ends the parity process of this one, by its pid. */
async function killTheChild(): Promise<void> {
  await expect
    .poll(() => {
      const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), '-f', 'parity.mjs'], {
        encoding: 'utf8',
      });
      const [pid] = stdout.split('\n').filter(Boolean);
      return pid !== undefined && process.kill(Number(pid), 'SIGKILL');
    })
    .toBe(true);
}
