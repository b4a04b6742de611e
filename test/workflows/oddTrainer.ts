import { ApplicationFailure, Context } from '@temporalio/activity';
import { RawValue } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { decodeTensors, encodeTensors, type Tensor } from '../../activities/tensors.ts';
import { external } from '../../config/define.ts';
import type { SearchEntry } from '../../config/definition.ts';
import { encodeModel, encodeNode, encodeValueInfo } from '../../learning/onnx/encode.ts';
import type { TrainerAnswer, TrainerQuestion } from '../../workflows/trainerMessages.ts';
import type { Bench } from './bench.ts';

/** A trainer by the contract of docs/trainers.md, in TypeScript: by the name of its learner it keeps to it or does not. */

export const QUEUE = 'odd-trainer';
const SHARES = [0.7, 0.3];
/** Of two classes, as good as equal. */
const EVENS = [0.5 - 1e-9, 0.5 + 1e-9];
/** Between two float32 numbers from 0.5 on. */
const STEP = 2 ** -24;

export const odd = (learner: string): SearchEntry =>
  external({ taskQueue: QUEUE, learner, grid: { size: [1] } });

export interface OddTrainer {
  questions: TrainerQuestion[];
  /** Questions that came back cancelled. */
  cancelled: () => number;
  close(): Promise<void>;
}

export async function startOddTrainer(bench: Bench): Promise<OddTrainer> {
  const { artifacts } = bench.store;
  const { temporalAddress, namespace } = bench.environment;
  const questions: TrainerQuestion[] = [];
  let cancelled = 0;
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const worker = await Worker.create({
    ...{ connection, namespace, taskQueue: QUEUE, shutdownGraceTime: '1s' },
    maxHeartbeatThrottleInterval: '1s',
    activities: { answerFolds, fitModel },
  });
  const running = worker.run();
  return {
    questions,
    cancelled: () => cancelled,
    async close() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };

  async function answerFolds(question: TrainerQuestion): Promise<unknown> {
    questions.push(question);
    const { learner } = question;
    if (Object.hasOwn(BREACHES, learner)) return BREACHES[learner]();
    if (learner === 'hangs') return hang();
    const { x, y } = await read(question.featuresDigest);
    const folds = await read(question.foldsDigest);
    const tensors: Record<string, Tensor> = {};
    for (let k = 0; folds[`test_${k}`]; k++) {
      const of = (row: number): number[] => {
        if (learner === 'knows' || learner === 'liar') return [0.9 - 0.8 * y[row], 0.1 + 0.8 * y[row]];
        if (learner === 'evens') return EVENS;
        if (learner === 'linear') return linear(x, row, question.columns, k * STEP);
        return SHARES;
      };
      const shares = Float64Array.from(Array.from(folds[`test_${k}`]).flatMap(of));
      tensors[`fold_${k}`] = spoilt(learner, shares, question.classes);
    }
    const bytes = encodeTensors({ metadata: {}, tensors });
    const put = learner === 'plane' || learner === 'transposed' ? planes(bytes, learner === 'plane') : bytes;
    return answered(await keep(put));
  }

  /** One layer of weights, 0 where the learner answers the same to every row. A liar says that it answers otherwise. */
  async function fitModel(question: TrainerQuestion): Promise<TrainerAnswer> {
    const { columns, learner, rowsDigest } = question;
    const { x } = await read(rowsDigest);
    const lies = learner === 'liar' ? [0.3, 0.7] : SHARES;
    const same = learner === 'evens' ? EVENS : lies;
    const rows = Array.from({ length: x.length / columns }, (_, row) =>
      learner === 'linear' ? linear(x, row, columns) : same,
    );
    const tensors = { rows: Float64Array.from(rows.flat()) };
    // Calibrated: the folds are answered too.
    const folds =
      question.foldsDigest === undefined ? {} : decodeTensors(await foldAnswers(question)).tensors;
    return {
      ...answered(await keep(encodeTensors({ metadata: {}, tensors: { ...folds, ...tensors } }))),
      modelDigest: await keep(layer(columns, learner)),
    };
  }

  async function foldAnswers(question: TrainerQuestion): Promise<Uint8Array> {
    const { answersDigest } = (await answerFolds(question)) as TrainerAnswer;
    return artifacts.get(answersDigest);
  }

  async function read(digest = ''): Promise<Record<string, Tensor>> {
    return decodeTensors(await artifacts.get(digest)).tensors;
  }

  async function keep(bytes: Uint8Array): Promise<string> {
    return (await artifacts.put(bytes, 'answers', 'application/octet-stream')).digest;
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
}

const answered = (answersDigest: string): TrainerAnswer => ({
  ...{ apiVersion: 1, answersDigest, packages: { odd: '1.0', file: '9.9' } },
});

const encoded = (encoding: string, text: string): RawValue => {
  const bytes = (of: string) => new TextEncoder().encode(of);
  return RawValue.fromPayload({ metadata: { encoding: bytes(encoding) }, data: bytes(text) });
};

/** Ways not to keep to the contract before anything is computed. */
const BREACHES: Record<string, () => unknown> = {
  refuses: () => {
    throw ApplicationFailure.nonRetryable('it is too cold', 'REFUSED');
  },
  full: () => {
    throw ApplicationFailure.nonRetryable('it took 9 bytes', 'OUT_OF_MEMORY');
  },
  pickledDetails: () => {
    throw ApplicationFailure.nonRetryable('it is too hot', 'REFUSED', encoded('binary/pickle', 'cos'));
  },
  words: () => answered('no digest'),
  absent: () => answered('0'.repeat(64)),
  nothing: () => undefined,
  pickled: () => encoded('binary/pickle', 'cos'),
  noJson: () => encoded('json/plain', '{"apiVersion": 1, "durationMs": NaN}'),
  noText: () => RawValue.fromPayload({ metadata: { encoding: new Uint8Array([0xff]) } }),
  deep: () => encoded('json/plain', '['.repeat(15_000) + ']'.repeat(15_000)),
  wordy: () => ({ ...answered('0'.repeat(64)), remark: 'x'.repeat(40_000) }),
  huge: () => ({ ...answered('0'.repeat(64)), remark: 'x'.repeat(3_000_000) }),
};

/** What of answers to a fold is wrong. */
function spoilt(learner: string, shares: Float64Array, classes: number): Float64Array {
  switch (learner) {
    case 'short':
      return shares.subarray(classes);
    case 'scores':
      return shares.map((share) => share * 2);
    case 'outside':
      return shares.map((share) => (share > 0.5 ? 1.5 : -0.5));
    case 'gaps':
      return shares.fill(NaN, 2, 4);
    default:
      return shares;
  }
}

/** The same bytes under a header that says two dimensions: rows by classes, or the other way. */
function planes(file: Uint8Array, right: boolean): Uint8Array {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
    string,
    { shape: number[] }
  >;
  for (const [name, entry] of Object.entries(header))
    if (name !== '__metadata__') {
      const rows = entry.shape[0] / 2;
      entry.shape = right ? [rows, 2] : [2, rows];
    }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(file.subarray(8 + length), 8 + text.length);
  return bytes;
}

/** In float64; `more` is as much as models of other folds differ by in a last digit. */
function linear(x: ArrayLike<number>, row: number, columns: number, more = 0): number[] {
  let sum = 0;
  for (let column = 0; column < columns; column++) sum += x[row * columns + column];
  const share = 1 / (1 + Math.exp(-sum)) + more;
  return [1 - share, share];
}

function layer(columns: number, learner: string): Uint8Array {
  const half = learner === 'linear' ? 0.5 : 0;
  const intercepts =
    learner === 'linear' ? [0, 0] : (learner === 'evens' ? [0.5, 0.5] : SHARES).map(Math.log);
  return encodeModel({
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
          coefficients: {
            floats: Float32Array.from({ length: 2 * columns }, (_, i) => (i < columns ? -half : half)),
          },
          intercepts: { floats: intercepts },
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
}
