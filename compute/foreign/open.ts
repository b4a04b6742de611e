import { PerennialError } from '../../config/errors.ts';
import type { ForeignSignature } from '../../config/foreignSignature.ts';
import type { RawBatch } from '../../config/raw.ts';
import { MEBIBYTE } from '../../config/units.ts';
import { askModel } from '../ask.ts';
import { compareAnswers, PARITY_TOLERANCE } from '../parity.ts';
import { encodeAnswered, outputsOf, type Golden } from '../parityGolden.ts';
import type { Answers } from '../session.ts';
import { adoptModel, type AdoptedModel } from './adopt.ts';
import { probeRows } from './probe.ts';
import { refuseFile } from './refuse.ts';
import { findUnlikely, showShares } from './unlikely.ts';

/** Rows with the answers that a model gave where it came from. */
export interface Expected {
  batch: RawBatch;
  outputs: Golden['outputs'];
}

export interface OpenForeignOptions {
  /** What is known of its answers, asked for once its classes are; without it rows are made up. */
  expected?: (adopted: AdoptedModel) => Expected | Promise<Expected>;
  /** Of probabilities and, relatively, of values: default 1e-5. */
  tolerance?: number;
  /** How long its process may take. */
  deadlineMs?: number;
  signal?: AbortSignal;
  metadata?: Record<string, string>;
}

export interface OpenedForeign extends AdoptedModel {
  /** To the rows that it was opened with. */
  answered: Answers;
  /** Golden rows with the answers of the file, as they are kept with every version. */
  golden: Uint8Array;
  /** Of rows that were expected: how many, and the largest difference. */
  compared?: { rows: number; maxDifference: number };
}

/**
 * Takes over a model file of somebody else: inspects it, puts this project's inputs and outputs around it, and opens it
 * in a process of its own, which is killed at the deadline and where it takes too much memory. There it answers each row
 * twice, alone and among the others: the gateway answers several requests at once.
 *
 * @throws PerennialError INVALID_INPUT where the file is refused, or crashes, hangs or answers no probabilities;
 *   PARITY_FAILED where it answers otherwise than expected
 */
export async function openForeign(
  file: Uint8Array,
  signature: ForeignSignature,
  options: OpenForeignOptions = {},
): Promise<OpenedForeign> {
  const adopted = adoptModel(file, signature, options.metadata);
  const expected = await options.expected?.(adopted);
  const rows = expected?.batch ?? probeRows(adopted.outline, signature, PROBE_ROWS);
  return openAdopted(adopted, rows, expected?.outputs, options);
}

/**
 * The part of `openForeign` after the file was inspected and has this project's inputs and outputs: it is opened in a
 * process of its own, and held against what is expected.
 *
 * @throws PerennialError as `openForeign`
 */
export async function openAdopted(
  adopted: AdoptedModel,
  batch: RawBatch,
  expected: Golden['outputs'] | undefined,
  options: Pick<OpenForeignOptions, 'tolerance' | 'deadlineMs' | 'signal'> & {
    /** False: not each row by itself too. Where a last digit of float32 may be a step there is nothing to compare. */
    alone?: false;
  } = {},
): Promise<OpenedForeign> {
  const { tolerance = PARITY_TOLERANCE } = options;
  const slices = options.alone === false ? [batch.rows] : [batch.rows, 1];
  const [together, alone = together] = await ask(adopted.bytes, batch, { ...options, slices });
  refuseUnfit(together, adopted);
  const same = compareAnswers(alone, { inputs: {}, outputs: outputsOf(together) }, PARITY_TOLERANCE);
  if (!same.ok)
    throw refuseFile(
      `answers a row otherwise when it is alone than among ${batch.rows} others`,
      'one whose answer to a row depends on that row',
    );
  const golden = encodeAnswered(batch, together);
  if (!expected) return { ...adopted, answered: together, golden };
  const { ok, failure, flips, rows, maxDifference } = compareAnswers(
    together,
    { inputs: {}, outputs: expected },
    tolerance,
  );
  if (ok) return { ...adopted, answered: together, golden, compared: { rows, maxDifference } };
  throw new PerennialError(
    'PARITY_FAILED',
    `The model answers otherwise than the answers that were given with it say, on ${rows} rows: ${failure ?? `${flips} labels differ, the largest difference is ${maxDifference}`}. Nothing was registered.`,
    { field: 'expect', value: maxDifference, expected: `no other labels and differences up to ${tolerance}` },
  );
}

const PROBE_ROWS = 200;
const DEADLINE_MS = 60_000;
/** Beside the file itself, of which ONNX Runtime holds several copies while it loads. */
const MEMORY_BYTES = 1_024 * MEBIBYTE;

async function ask(
  bytes: Uint8Array,
  batch: RawBatch,
  {
    deadlineMs = DEADLINE_MS,
    signal,
    slices,
  }: Pick<OpenForeignOptions, 'deadlineMs' | 'signal'> & { slices: number[] },
): Promise<Answers[]> {
  const reply = await askModel(
    { model: { bytes }, batch, sliceRows: slices },
    { deadlineMs, signal, memoryBytes: MEMORY_BYTES + 8 * bytes.length },
  );
  if ('answers' in reply) return reply.answers;
  if (signal?.aborted)
    throw new PerennialError('CANCELLED', 'The import was interrupted.', { cause: signal.reason });
  if ('failure' in reply)
    throw refuseFile(`cannot be run: ${reply.failure}`, 'a model that ONNX Runtime can run');
  throw refuseFile(
    `was opened in a process of its own, which gave no answer: ${reply.unjudged}`,
    `answers to ${batch.rows} rows within ${deadlineMs} ms`,
  );
}

/** What is no label, no probability or no number. */
function refuseUnfit({ labels, probabilities, prediction }: Answers, { answers }: AdoptedModel): void {
  if (answers.task === 'regression') {
    if (prediction?.every(Number.isFinite)) return;
    throw refuseFile('answers a row with no number', 'a number for each row');
  }
  const { classes } = answers;
  const stranger = labels?.findIndex((label) => label < 0 || label >= classes.length) ?? 0;
  if (stranger >= 0)
    throw refuseFile(
      `answers a row with a label that is none of ${answers.labels.map((each) => JSON.stringify(each)).join(', ')}`,
      'the classes of the signature to be those of the graph',
    );
  const unlikely = findUnlikely(probabilities ?? new Float32Array(classes.length), classes.length);
  if (unlikely)
    throw refuseFile(
      `answers a row with ${showShares(unlikely.shares)}`,
      'probabilities that sum to 1: scores of a classifier without predict_proba have to be calibrated first (CalibratedClassifierCV)',
    );
}
