import { ApplicationFailure, Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeTensors, encodeTensors, type Tensor } from '../../activities/tensors.ts';
import { external, tree } from '../../config/define.ts';
import { encodeModel, encodeNode, encodeValueInfo } from '../../learning/onnx/encode.ts';
import type { TrainerAnswer, TrainerQuestion } from '../../workflows/trainerMessages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/**
 * The contract of docs/trainers.md, by a trainer that is not Python: what it answers is scored, and whatever else it does
 * costs its candidate and not the search.
 */

const QUEUE = 'odd-trainer';
const SHARES = [0.7, 0.3];

let bench: Bench;
let worker: Worker;
let running: Promise<void>;
let connection: NativeConnection;
const questions: TrainerQuestion[] = [];
let cancelled = 0;

beforeAll(async () => {
  bench = await openBench();
  const { temporalAddress, namespace } = bench.environment;
  connection = await NativeConnection.connect({ address: temporalAddress });
  worker = await Worker.create({
    ...{ connection, namespace, taskQueue: QUEUE, shutdownGraceTime: '1s' },
    maxHeartbeatThrottleInterval: '1s',
    activities: { answerFolds, fitModel },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await connection.close();
  await bench.close();
});

async function answerFolds(question: TrainerQuestion): Promise<unknown> {
  questions.push(question);
  const { learner, classes, foldsDigest = '' } = question;
  if (learner === 'refuses') throw ApplicationFailure.nonRetryable('it is too cold', 'REFUSED');
  if (learner === 'full') throw ApplicationFailure.nonRetryable('it took 9 bytes', 'OUT_OF_MEMORY');
  if (learner === 'words') return { ...answered('no digest') };
  if (learner === 'absent') return answered('0'.repeat(64));
  if (learner === 'hangs') return hang();
  const folds = decodeTensors(await bench.store.artifacts.get(foldsDigest)).tensors;
  const { y } = await features(question);
  const tensors: Record<string, Tensor> = {};
  for (let k = 0; folds[`test_${k}`]; k++) {
    const rows = Array.from(folds[`test_${k}`]);
    const of = (row: number): number[] =>
      learner === 'knows' || learner === 'liar' ? [0.9 - 0.8 * y[row], 0.1 + 0.8 * y[row]] : SHARES;
    const shares = Float64Array.from(rows.flatMap(of));
    tensors[`fold_${k}`] =
      learner === 'short'
        ? shares.subarray(classes)
        : learner === 'scores'
          ? shares.map((share) => share * 2)
          : shares;
  }
  return answered(await put(encodeTensors({ metadata: {}, tensors })));
}

/** Answers the same to every row, by a linear classifier without weights; a liar says that it answers otherwise. */
async function fitModel(question: TrainerQuestion): Promise<TrainerAnswer> {
  const { columns, learner, rowsDigest = '' } = question;
  const { x } = decodeTensors(await bench.store.artifacts.get(rowsDigest)).tensors;
  const shares = learner === 'liar' ? [0.3, 0.7] : SHARES;
  const rows = Float64Array.from({ length: x.length / columns }).length;
  const answers = Float64Array.from(Array.from({ length: rows }, () => shares).flat());
  const model = encodeModel({
    nodes: [
      encodeNode({
        ...{
          op: 'LinearClassifier',
          domain: 'ai.onnx.ml',
          name: 'shares',
          inputs: ['x'],
          outputs: ['l', 'p'],
        },
        attributes: {
          coefficients: { floats: new Float32Array(2 * columns) },
          intercepts: { floats: SHARES.map(Math.log) },
          classlabels_ints: { ints: [0, 1] },
          post_transform: { string: 'SOFTMAX' },
        },
      }),
    ],
    initializers: [],
    inputs: [encodeValueInfo('x', 'float', ['N', columns])],
    outputs: [encodeValueInfo('l', 'int64', ['N']), encodeValueInfo('p', 'float', ['N', 2])],
    metadata: {},
  });
  return {
    ...answered(await put(encodeTensors({ metadata: {}, tensors: { rows: answers } }))),
    modelDigest: await put(model),
  };
}

async function features({ featuresDigest }: TrainerQuestion): Promise<Record<string, Tensor>> {
  return decodeTensors(await bench.store.artifacts.get(featuresDigest)).tensors;
}

async function hang(): Promise<never> {
  const { cancellationSignal } = Context.current();
  while (!cancellationSignal.aborted) {
    Context.current().heartbeat();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  cancelled++;
  throw cancellationSignal.reason;
}

const answered = (answersDigest: string): TrainerAnswer => ({
  ...{ apiVersion: 1, answersDigest, packages: { odd: '1.0' } },
});

const put = async (bytes: Uint8Array): Promise<string> =>
  (await bench.store.artifacts.put(bytes, 'answers', 'application/octet-stream')).digest;

const odd = (learner: string) => external({ taskQueue: QUEUE, learner, grid: { size: [1] } });

test('whatever a trainer does costs its candidate and not the search', async () => {
  const wrong = ['refuses', 'full', 'words', 'absent', 'short', 'scores'];
  const definition = small(bench, {
    name: 'odd',
    search: [
      external({ taskQueue: 'nobody', learner: 'any', startWithinMs: 1_000 }),
      ...wrong.map(odd),
      odd('shares'),
      tree({ maxDepth: 2 }),
    ],
    budget: { candidateMs: 55_000, candidateBytes: 2 ** 31 },
    parallelism: 9,
  });
  const training = await bench.client.train(definition);
  expect(await training.result()).toMatchObject({ outcome: 'registered', version: 1 });
  const candidates = await bench.store.candidates.list('odd', training.run);
  expect(candidates.map(({ learner, status, reason }) => [learner, status, reason])).toEqual([
    ['nobody/any', 'refused', expect.stringMatching(/no trainer.*"nobody" began it within 1000 ms/)],
    [`${QUEUE}/refuses`, 'refused', 'it is too cold'],
    [`${QUEUE}/full`, 'out-of-memory', 'it took 9 bytes'],
    [
      `${QUEUE}/words`,
      'refused',
      expect.stringContaining('answersDigest is "no digest": must be the SHA-256'),
    ],
    [`${QUEUE}/absent`, 'refused', expect.stringContaining('answers that are not there')],
    [
      `${QUEUE}/short`,
      'refused',
      expect.stringMatching(/answered \d+ numbers in "fold_0", where \d+ rows of 2/),
    ],
    [`${QUEUE}/scores`, 'refused', expect.stringContaining('sum to 2, and not to 1')],
    [`${QUEUE}/shares`, 'done', undefined],
    ['tree', 'done', undefined],
  ]);
  // The same to every row ranks nothing.
  expect(candidates[7]?.mean).toBe(0.5);
  const asked = questions.find(({ learner }) => learner === 'shares');
  expect(asked).toMatchObject({
    ...{ apiVersion: 1, name: 'odd', run: 1, candidate: 7, params: { size: 1 }, task: 'binary', classes: 2 },
    limits: { ms: 55_000, bytes: 2 ** 31 },
  });
  expect(JSON.stringify(asked).length).toBeLessThan(1_000);
});

test('a winner whose file is as it says is registered; one that lies is not', async () => {
  const honest = small(bench, {
    name: 'honest',
    search: [odd('shares')],
    select: { folds: 2, metric: 'logLoss' },
  });
  expect(await (await bench.client.train(honest)).result()).toMatchObject({
    outcome: 'registered',
    version: 1,
  });
  expect((await bench.client.model('honest', 1)).code).toMatchObject({
    trainer: QUEUE,
    'trainer.odd': '1.0',
  });

  const liar = await bench.client.train(small(bench, { name: 'liar', search: [odd('liar'), tree()] }));
  await expect(liar.result()).rejects.toMatchObject({ code: 'PARITY_FAILED' });
  expect(await bench.store.registry.list('liar')).toEqual([]);
});

test('where no trainer is there for any candidate the run says so', async () => {
  const nobody = external({ taskQueue: 'nobody', learner: 'any', startWithinMs: 1_000 });
  const training = await bench.client.train(small(bench, { name: 'alone', search: [nobody] }));
  await expect(training.result()).rejects.toMatchObject({
    ...{
      code: 'LEARNER_REFUSED',
      message: expect.stringContaining('"nobody" began it within 1000 ms') as string,
    },
  });
});

test(
  'a cancelled training, and a search whose time is over, end what the trainer computes',
  { timeout: 180_000 },
  async () => {
    const training = await bench.client.train(small(bench, { name: 'cancelled', search: [odd('hangs')] }));
    await expect
      .poll(() => questions.some(({ name }) => name === 'cancelled'), { timeout: 60_000 })
      .toBe(true);
    await training.cancel();
    await expect(training.result()).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => cancelled, { timeout: 60_000 }).toBe(1);

    const late = small(bench, {
      ...{ name: 'late', search: [tree(), odd('hangs')], budget: { searchMs: 10_000 } },
    });
    const second = await bench.client.train(late);
    expect(await second.result()).toMatchObject({ outcome: 'registered' });
    const candidates = await bench.store.candidates.list('late', second.run);
    expect(candidates[1]).toMatchObject({
      ...{ status: 'timed-out', reason: 'the time of the search was over (budget.searchMs)' },
    });
  },
);
