import { askModel } from './ask.ts';
import { countRows, type Golden } from './parityGolden.ts';
import type { Answers } from './session.ts';

export type { Golden } from './parityGolden.ts';

/** Of a registration and of every load. */
export const PARITY_TOLERANCE = 1e-5;

export type ParityOptions = ({ modelPath: string } | { modelBytes: Uint8Array }) & {
  golden: Golden;
  /** Of probabilities and, relatively, of regression values: `PARITY_TOLERANCE`. */
  tolerance: number;
  deadlineMs: number;
  signal?: AbortSignal;
};

export interface ParityReport {
  /** Rows compared. */
  rows: number;
  /** Labels that differ. */
  flips: number;
  /**
   * Largest difference: of probabilities as they are; of regression values relative to the expected value, or to the
   * mean absolute expected value where that is larger.
   */
  maxDifference: number;
  /** True where every row was compared, no label flipped and no difference is above the tolerance. */
  ok: boolean;
  /** Why nothing could be compared. */
  failure?: string;
  /** True where the process gave no answer: killed, interrupted, out of time. That says nothing of the model. */
  unjudged?: true;
}

/**
 * Opens a model file in a process of its own and compares its answers with those that the golden rows expect. The
 * process is killed at the deadline or when the signal is raised: ONNX Runtime cannot be interrupted otherwise.
 * Never throws: what went wrong is the report's `failure`.
 */
export async function checkParity(options: ParityOptions): Promise<ParityReport> {
  const { golden, tolerance, deadlineMs, signal } = options;
  const model = 'modelPath' in options ? { path: options.modelPath } : { bytes: options.modelBytes };
  const reply = await askModel({ model, golden }, { deadlineMs, signal });
  if ('unjudged' in reply) return { ...failed(reply.unjudged), unjudged: true };
  if ('failure' in reply) return failed(reply.failure);
  return compareAnswers(reply.answers[0], golden, tolerance);
}

/** The judgement alone, on answers that are there. */
export function compareAnswers(answers: Answers, { outputs }: Golden, tolerance: number): ParityReport {
  const rows = countRows({ inputs: {}, outputs });
  if (rows === 0) return failed('there are no golden rows');
  const { label, probabilities, prediction } = outputs;
  const expected = prediction ?? probabilities?.flat();
  const found = prediction ? answers.prediction : answers.probabilities;
  if (!expected || !found || expected.length !== found.length) {
    return failed(
      `the model gives ${found?.length ?? 'no'} numbers where ${expected?.length ?? 'none'} are expected`,
    );
  }
  if (label && answers.labels?.length !== label.length)
    return failed('the model gives no label for each row');
  const flips = label ? label.filter((value, i) => value !== answers.labels?.[i]).length : 0;
  const floor = prediction ? meanSize(prediction) : undefined;
  let maxDifference = 0;
  for (let i = 0; i < expected.length; i++) {
    const scale = floor === undefined ? 1 : Math.max(Math.abs(expected[i]), floor);
    const difference = Math.abs(found[i] - expected[i]) / scale;
    // A NaN is larger than any tolerance.
    if (!(difference <= maxDifference)) maxDifference = Number.isNaN(difference) ? Infinity : difference;
  }
  return { rows, flips, maxDifference, ok: flips === 0 && maxDifference <= tolerance };
}

function meanSize(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  return mean > 0 ? mean : 1;
}

function failed(failure: string): ParityReport {
  return { rows: 0, flips: 0, maxDifference: Infinity, ok: false, failure };
}
