import { heartbeat } from '@temporalio/activity';
import type { ComputePool } from '../compute/pool.ts';
import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { CandidateSpec } from '../config/search.ts';
import {
  fitCalibrator,
  type CalibrationMethod,
  type Calibrator,
} from '../learning/calibrators/calibrator.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { Task } from '../learning/types.ts';
import { problemOf, type Features } from './features.ts';
import { foldsOf } from './folds.ts';

interface Request {
  definition: Pick<Definition, 'select' | 'seed'>;
  /** The rows that the model was fitted to, with the column that folds are dealt by. */
  features: Features;
  /** The winner. */
  spec: CandidateSpec;
  method: CalibrationMethod;
  signal: AbortSignal;
}

/**
 * Fits the winner once for each fold of `select`, and a calibrator to what these models say of the rows that they did not
 * see. Rows that no fold is tested on, as the oldest of folds by time, take no part.
 *
 * @throws PerennialError DATASET_UNUSABLE where the folds cannot be cut, or no row of a class is tested; CANCELLED
 */
export async function fitCalibration(
  pool: Pick<ComputePool, 'predictFolds'>,
  { definition, features, spec, method, signal }: Request,
): Promise<Calibrator> {
  const folds = foldsOf(features, definition);
  const { y, weights, facts } = features;
  const rows = folds.flatMap(({ test }) => Array.from(test));
  refuseUntestedClass(rows, features, definition);
  const answers = await pool.predictFolds({
    problem: problemOf(features),
    learner: spec.learner,
    params: spec.params,
    seed: deriveSeed(definition.seed, 'calibrate'),
    folds,
    signal,
    onFold: (done, total) => heartbeat({ calibrate: done, of: total }),
  });
  const classes = facts.classes?.length ?? 0;
  const probabilities = new Float64Array(rows.length * classes);
  let at = 0;
  for (const part of answers) {
    probabilities.set(part, at);
    at += part.length;
  }
  return fitCalibrator(method, {
    classes,
    probabilities,
    y: Float64Array.from(rows, (row) => y[row]),
    ...(weights ? { weights: Float64Array.from(rows, (row) => weights[row]) } : {}),
  });
}

/** @throws PerennialError INVALID_DEFINITION where the target turned out to be a number */
export function refuseUnfitCalibration(calibrate: Definition['calibrate'], task: Task): void {
  if (calibrate === undefined || task !== 'regression') return;
  const expected = 'none: a regression has no probabilities';
  throw new PerennialError(
    'INVALID_DEFINITION',
    `calibrate is "${calibrate}", and the target's task is regression; expected ${expected}.`,
    { field: 'calibrate', value: calibrate, expected },
  );
}

/** Of a class that never came nothing is known but that its probability would be 0. */
function refuseUntestedClass(
  rows: readonly number[],
  { y, facts: { classes = [] } }: Features,
  { select: { cv } }: Request['definition'],
): void {
  const tested = new Set(rows.map((row) => y[row]));
  const missing = classes.find((_, index) => !tested.has(index));
  if (missing === undefined) return;
  const expected = 'folds that are tested on rows of every class, or no calibrate';
  throw new PerennialError(
    'DATASET_UNUSABLE',
    `select.cv tests ${rows.length} rows, none of which is of the class ${JSON.stringify(missing)}; expected ${expected}.`,
    { field: 'select.cv', value: cv, expected },
  );
}
