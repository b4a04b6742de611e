import type { Answers } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { Arm, PredictionRecord } from '../store/predictionTypes.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { ModelVersionRow } from '../store/types.ts';
import type { InferRequest } from './types.ts';

interface Answered {
  request: InferRequest;
  /** Whose rollout it counts for; absent where it counts for none. */
  route?: RouteRow;
  version: number;
  arm: Arm;
  rowIndexes?: readonly number[];
  status: number;
  /** `performance.now()` at which it was there. */
  endedMs: number;
  /** The version that answered, and what. */
  row?: ModelVersionRow;
  answers?: Answers;
}

/** What is kept of one answer, or of one failure that was not the caller's. */
export function recordOf({
  request,
  route,
  version,
  arm,
  rowIndexes,
  status,
  endedMs,
  row,
  answers,
}: Answered): PredictionRecord {
  const { keys } = request;
  return {
    at: Date.now(),
    requestId: request.requestId,
    name: request.name,
    version,
    arm,
    rolloutId: route?.rolloutId,
    stage: route?.stage,
    rows: rowIndexes?.length ?? request.batch.rows,
    rowIndexes,
    keys: keys && rowIndexes && keys.length > 1 ? rowIndexes.map((i) => keys[i]) : keys,
    inputs: route?.logInputs ? { batch: request.batch, rowIndexes } : undefined,
    outputs: row && answers ? outputsOf(row, answers) : undefined,
    status,
    latencyUs: Math.round((endedMs - request.receivedMs) * 1_000),
  };
}

/**
 * The HTTP status under which a failure is logged, once it is known that the batch is one that the model's callers may
 * send; undefined where nobody is to blame: the caller has gone.
 */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof PerennialError)) return 500;
  if (error.code === 'CANCELLED') return undefined;
  return error.code === 'DEADLINE_EXCEEDED' ? error.kind.httpStatus : 500;
}

/** Of binary classification the positive class's probability by row; else what the model gave, as it is. */
function outputsOf(
  { signature }: ModelVersionRow,
  { probabilities, prediction }: Answers,
): Float32Array | undefined {
  if (signature.task !== 'binary' || !probabilities) return prediction ?? probabilities;
  const { positive = 1 } = signature;
  const outputs = new Float32Array(probabilities.length / 2);
  for (let i = 0; i < outputs.length; i++) outputs[i] = probabilities[2 * i + positive];
  return outputs;
}
