import { compareAnswers, PARITY_TOLERANCE, type Golden } from '../compute/parity.ts';
import { goldenBatch } from '../compute/parityGolden.ts';
import { openSession, type ModelSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import { pickRows } from './rows.ts';

export interface OpenedModel {
  readonly session: ModelSession;
  /** Rows that this model computes in about `SLICE_MS`: for so long the event loop waits for it. */
  readonly sliceRows: number;
}

/**
 * Loads a registered version: its bytes, verified against their digest, then warm from its golden rows and held against
 * them. In this process, unlike at registration: there the file was strange and was asked in a process that can be
 * killed; by now it is the very bytes that passed there, and what this looks for is another ONNX Runtime or machine.
 *
 * @throws PerennialError ARTIFACT_CORRUPT, INVALID_INPUT (not a model), PARITY_FAILED
 */
export async function openModel(
  artifacts: Store['artifacts'],
  row: Pick<ModelVersionRow, 'name' | 'version' | 'digest' | 'goldenDigest'>,
): Promise<OpenedModel> {
  const [bytes, goldenBytes] = await Promise.all([
    artifacts.get(row.digest),
    artifacts.get(row.goldenDigest),
  ]);
  const session = await openSession(bytes);
  try {
    const golden = JSON.parse(new TextDecoder().decode(goldenBytes)) as Golden;
    const batch = await requireParity(session, golden, `${row.name}@${row.version}`);
    return { session, sliceRows: await measureSlice(session, batch) };
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function requireParity(session: ModelSession, golden: Golden, model: string): Promise<RawBatch> {
  const batch = goldenBatch(golden, session.inputs);
  const answers = await session.predict(batch, { sliceRows: PROBE_ROWS });
  const report = compareAnswers(answers, golden, PARITY_TOLERANCE);
  if (report.ok) return batch;
  throw new PerennialError(
    'PARITY_FAILED',
    `${model} answers otherwise than when it was registered, on ${batch.rows} golden rows: ${report.failure ?? `${report.flips} labels differ, the largest difference is ${report.maxDifference}`}.`,
    {
      field: 'model',
      value: model,
      expected: `no label flips and differences up to ${PARITY_TOLERANCE}`,
    },
  );
}

/** @returns the rows that are computed in about SLICE_MS, by the fastest of a few tries: others run beside requests */
async function measureSlice(session: ModelSession, batch: RawBatch): Promise<number> {
  const rows = Math.min(batch.rows, PROBE_ROWS);
  const indexes = Array.from({ length: rows }, (_, i) => i);
  const probe = pickRows(batch, indexes);
  let fastestMs = Infinity;
  for (let i = 0; i < PROBES; i++) {
    const beganMs = performance.now();
    await session.predict(probe);
    fastestMs = Math.min(fastestMs, performance.now() - beganMs);
  }
  const fitting = Math.floor((SLICE_MS / fastestMs) * rows);
  return Math.min(Math.max(fitting, MIN_SLICE_ROWS), MAX_SLICE_ROWS);
}

/** A small request may wait for two of them: 5 ms. */
const SLICE_MS = 2.5;
/** Few, so that requests of other versions are answered while one loads. */
const PROBE_ROWS = 100;
const PROBES = 5;
/** A slice costs some 50 us beside its rows. */
const MIN_SLICE_ROWS = 64;
const MAX_SLICE_ROWS = 16_384;
