import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import { withNumberMatrix } from './numberMatrix.ts';
import { refuseUnsafeModel } from './safety.ts';
import { checkBatch, declaredInputs, feedsOf, type ModelInput } from './tensors.ts';

/** One loaded ONNX file. Calls may overlap; each computes on one thread. */
export interface ModelSession {
  /** The raw columns that the graph reads. */
  readonly inputs: readonly ModelInput[];
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
  /**
   * The encoders' output, row-major [rows, columns].
   *
   * @throws PerennialError INVALID_INPUT on a batch that the model cannot read, CANCELLED when the signal is raised
   */
  encode(batch: RawBatch, options?: RunOptions): Promise<Float32Array>;
  /** The model's answers. Errors as of `encode`. */
  predict(batch: RawBatch, options?: RunOptions): Promise<Answers>;
  /** Frees the native memory; nothing may be called afterwards. */
  release(): Promise<void>;
}

export interface RunOptions {
  signal?: AbortSignal;
  /** Called after each slice, with the number of rows done: for heartbeats. */
  onProgress?: (rows: number) => void;
  /** Where `encode` writes, for example on shared memory; [rows * columns]. */
  into?: Float32Array;
  /** Rows that are computed before the event loop turns; default 16,384. */
  sliceRows?: number;
}

export interface Answers {
  /** Classification: class index by row. */
  labels?: Int32Array;
  /** Classification: row-major [rows, classes]. */
  probabilities?: Float32Array;
  /** Regression: value by row. */
  prediction?: Float32Array;
}

/**
 * Loads a model file on one thread, after `refuseUnsafeModel`. One row then takes 0.02 ms and 1,000 rows of 100 trees
 * 3.5 ms; ONNX Runtime's default of one thread a core takes 11 ms with a p99 of 147 ms on a busy machine.
 *
 * @throws PerennialError INVALID_INPUT where it is not a model of this project's shape
 */
export async function openSession(bytes: Uint8Array): Promise<ModelSession> {
  refuseUnsafeModel(bytes);
  const matrix = withNumberMatrix(bytes);
  const session = await load(matrix?.bytes ?? bytes);
  const inputs = declaredInputs(session, matrix);
  const outputs = session.outputNames;

  async function run(
    batch: RawBatch,
    fetches: string[],
    options: RunOptions,
    take: (tensors: Tensors, from: number) => void,
  ): Promise<void> {
    checkBatch(batch, inputs);
    const { sliceRows = SLICE_ROWS } = options;
    for (let from = 0; from < batch.rows; from += sliceRows) {
      if (options.signal?.aborted) {
        throw new PerennialError('CANCELLED', 'The model was interrupted.', { cause: options.signal.reason });
      }
      const to = Math.min(from + sliceRows, batch.rows);
      // run() computes on this thread, but from a setImmediate of its own: between slices the event loop turns.
      const tensors = await session.run(feedsOf(batch, inputs, matrix, from, to), fetches);
      for (const name of fetches) requireRows(name, tensors[name], to - from);
      take(tensors, from);
      options.onProgress?.(to);
    }
  }

  return {
    inputs,
    outputs,
    async encode(batch, options = {}) {
      requireOutputs(outputs, ['features']);
      const columns = width(session, 'features');
      const features = options.into ?? new Float32Array(batch.rows * columns);
      if (features.length !== batch.rows * columns) {
        throw new RangeError(
          `${batch.rows} rows of ${columns} columns do not fit into ${features.length} numbers`,
        );
      }
      await run(batch, ['features'], options, (tensors, from) =>
        features.set(tensors.features.data as Float32Array, from * columns),
      );
      return features;
    },
    async predict(batch, options = {}) {
      if (outputs.includes('prediction')) {
        const prediction = new Float32Array(batch.rows);
        await run(batch, ['prediction'], options, (tensors, from) =>
          prediction.set(tensors.prediction.data as Float32Array, from),
        );
        return { prediction };
      }
      requireOutputs(outputs, ['label', 'probabilities']);
      const classes = width(session, 'probabilities');
      const labels = new Int32Array(batch.rows);
      const probabilities = new Float32Array(batch.rows * classes);
      await run(batch, ['label', 'probabilities'], options, (tensors, from) => {
        labels.set(Int32Array.from(tensors.label.data as BigInt64Array, Number), from);
        if (tensors.probabilities.dims[1] !== classes) throw otherWidth(tensors.probabilities, classes);
        probabilities.set(tensors.probabilities.data as Float32Array, from * classes);
      });
      return { labels, probabilities };
    },
    release: () => session.release(),
  };
}

/**
 * Loads a model file for as long as `body` works with it. What is not released stays in native memory that the garbage
 * collector does not see: a forest may be hundreds of megabytes.
 *
 * @throws PerennialError INVALID_INPUT as of `openSession`
 */
export async function withSession<T>(
  bytes: Uint8Array,
  body: (session: ModelSession) => Promise<T>,
): Promise<T> {
  const session = await openSession(bytes);
  try {
    return await body(session);
  } finally {
    await session.release();
  }
}

/** 16,384 rows of 1,000 float32 columns are 64 MiB, and the event loop waits for one slice at most. */
const SLICE_ROWS = 16_384;

type Tensors = Record<string, Tensor>;

async function load(bytes: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PerennialError('INVALID_INPUT', `ONNX Runtime cannot load the model: ${why}`, {
      field: 'model',
      expected: 'a model that ONNX Runtime can load',
      cause,
    });
  }
}

function requireOutputs(outputs: readonly string[], needed: readonly string[]): void {
  const absent = needed.find((name) => !outputs.includes(name));
  if (absent === undefined) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `The model has no output "${absent}"; it gives ${outputs.join(', ')}.`,
    {
      field: absent,
      value: outputs,
      expected: `a model with the output ${absent}`,
    },
  );
}

function otherWidth({ dims }: Tensor, classes: number): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `The model gives ${dims[1] ?? 'one'} probabilities a row where ${classes} classes are declared.`,
    { field: 'probabilities', value: dims, expected: `${classes} columns` },
  );
}

/** ONNX Runtime only warns where an output is of another shape than its graph says. */
function requireRows(output: string, { dims }: Tensor, rows: number): void {
  if (dims[0] === rows && dims.length <= 2) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `The model's output "${output}" is of shape [${dims.join(', ')}] for ${rows} rows.`,
    { field: output, value: dims, expected: `${rows} rows` },
  );
}

/** Second dimension of an output. */
function width(session: InferenceSession, output: string): number {
  const metadata = session.outputMetadata.find(({ name }) => name === output);
  const columns = metadata?.isTensor ? metadata.shape[1] : undefined;
  if (typeof columns !== 'number') {
    throw new PerennialError(
      'INVALID_INPUT',
      `The model's output "${output}" has no fixed number of columns.`,
      {
        field: output,
        expected: 'a shape [N, columns]',
      },
    );
  }
  return columns;
}
