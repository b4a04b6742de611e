import { setImmediate } from 'node:timers/promises';
import type { RawBatch } from '../config/raw.ts';
import { answersOf } from '../learning/explain/answers.ts';
import { Explainer } from '../learning/explain/explainer.ts';
import { NotExplained } from '../learning/explain/notExplained.ts';
import { readModel, selectOutput, type ExplainableModel } from '../learning/explain/readModel.ts';
import type { Task } from '../learning/types.ts';
import { openSession, type ModelSession } from './session.ts';

/** A version's model file, read for explanations. */
export interface ModelExplainer {
  readonly model: ExplainableModel;
  /** [rows, features] of the background. */
  readonly background: Float32Array;
  /** Rows of a batch as the model's trees and weights read them, [rows, features]. */
  encode(batch: RawBatch): Promise<Float32Array>;
  /** Explains all numbers of a row, or one of them. */
  of(output?: number): Explainer;
  /** Frees the encoders' native memory. */
  release(): Promise<void>;
}

/** Rows that are compared with: golden rows, spread evenly over them. */
export const BACKGROUND_ROWS = 100;

export interface Reference {
  /** At least one row. */
  batch: RawBatch;
  /** The version's own: [rows, classes] probabilities, or [rows] values. */
  answers: ArrayLike<number>;
}

/**
 * Reads a model file's trees and weights, and holds what they lead to against the version's own answers: an explanation
 * of something that is not what the version computes would be worse than none.
 *
 * @param columns names of the raw columns, in the order of the contributions
 * @throws NotExplained where the model is none of sums, or its sums do not lead to its answers; what openSession throws
 */
export async function openExplainer(
  bytes: Uint8Array,
  { task, positive = 1, columns }: { task: Task; positive?: number; columns: readonly string[] },
  reference: Reference,
): Promise<ModelExplainer> {
  const model = readModel(bytes, task, positive);
  const session = await openSession(model.encoders);
  try {
    const features = await session.encode(reference.batch);
    const width = model.origins.length;
    const background = spread(features, width);
    const whole = new Explainer(model, background, columns);
    requireAnswers(whole, features, reference, task === 'binary' ? positive : undefined);
    return opened(model, session, background, columns, whole);
  } catch (error) {
    await session.release();
    throw error;
  }
}

function opened(
  model: ExplainableModel,
  session: ModelSession,
  background: Float32Array,
  columns: readonly string[],
  whole: Explainer,
): ModelExplainer {
  const single = new Map<number, Explainer>();
  return {
    model,
    background,
    encode: (batch) => session.encode(batch),
    of(output) {
      if (output === undefined || model.outputs === 1) return whole;
      const known = single.get(output);
      if (known) return known;
      const made = new Explainer(selectOutput(model, output), background, columns);
      single.set(output, made);
      return made;
    },
    release: () => session.release(),
  };
}

/**
 * Explains a row in slices of some milliseconds, between which the event loop turns.
 *
 * @param check called after each slice; stops the work by throwing
 * @returns [columns, outputs]
 */
export async function explainRow(
  explainer: Explainer,
  x: Float32Array,
  row: number,
  check: () => void,
): Promise<Float64Array> {
  const steps = explainer.steps(x, row * explainer.model.origins.length);
  let endMs = performance.now() + SLICE_MS;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() < endMs) continue;
    await setImmediate();
    check();
    endMs = performance.now() + SLICE_MS;
  }
}

/** For so long others wait. */
const SLICE_MS = 2.5;
/** As of the parity of versions; of a regression, of the size of the answer. */
const TOLERANCE = 1e-5;

function requireAnswers(
  explainer: Explainer,
  features: Float32Array,
  { batch, answers }: Reference,
  positive: number | undefined,
): void {
  const width = explainer.model.origins.length;
  const each = answers.length / batch.rows;
  for (let row = 0; row < batch.rows; row++) {
    const own = answersOf(explainer.model, explainer.score(features, row * width));
    own.forEach((value, k) => {
      const expected = answers[row * each + (positive ?? k)];
      if (Math.abs(value - expected) <= TOLERANCE * Math.max(1, Math.abs(expected))) return;
      throw new NotExplained(`its sums lead to ${value} where it answers ${expected}`);
    });
  }
}

function spread(features: Float32Array, width: number): Float32Array {
  const rows = features.length / width;
  const count = Math.min(rows, BACKGROUND_ROWS);
  const some = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * rows) / count) * width;
    some.set(features.subarray(from, from + width), i * width);
  }
  return some;
}
