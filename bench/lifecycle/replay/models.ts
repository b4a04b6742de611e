import { foldsOf } from '../../../activities/folds.ts';
import { problemOf, type Features } from '../../../activities/features.ts';
import { modelMetadata } from '../../../activities/modelMetadata.ts';
import { predictionsOf } from '../../../activities/score.ts';
import { signatureOf } from '../../../activities/signature.ts';
import { withSession } from '../../../compute/session.ts';
import type { ComputePool } from '../../../compute/pool.ts';
import type { Definition } from '../../../config/definition.ts';
import { candidatesOf } from '../../../config/portfolio.ts';
import { leader } from '../../../decisions/leader.ts';
import { kindsOf } from '../../../learning/encoders/describe.ts';
import { shelf } from '../../../learning/learners/shelf.ts';
import { defaultMetric, METRICS, type MetricName } from '../../../learning/metrics/names.ts';
import { assembleEncoders, assembleModel } from '../../../learning/onnx/assemble.ts';
import { deriveSeed } from '../../../learning/rng.ts';
import type { Signature } from '../../../store/types.ts';
import { keptModel } from './keptModels.ts';
import type { Past } from './past.ts';

/** What a training of a moment gives. */
export interface TrainedModel {
  /** Epoch ms; absent: of the first fifth, as it was declared. */
  asOf?: number;
  signature: Signature;
  metric: MetricName;
  /** Rows that it was fitted to, and those of its hold-out, in drawing order. */
  train: Int32Array;
  test: Int32Array;
  /** Of all of these, epoch ms. */
  newestMs: number;
  /** [rows of the past, classes] probabilities, or [rows] values, as its ONNX file gives them. */
  predictions: Float64Array;
}

/**
 * Trains as the lifecycle does: cross-validates each candidate, refits the best, compiles it and asks the file. The log
 * holds every row whoever answered it, so what is learned at a moment depends on nothing but the moment, and all policies
 * share it.
 *
 * @param kept a folder that keeps them for the next run
 */
export function modelsOf(
  past: Past,
  definition: Definition,
  pool: ComputePool,
  kept?: string,
): (asOf?: number) => Promise<TrainedModel> {
  const known = new Map<number | undefined, Promise<TrainedModel>>();
  const matrix = withSession(assembleEncoders(past.encoders), (session) => session.encode(past.raw));
  return (asOf) => {
    const found =
      known.get(asOf) ??
      keptModel(kept, definition, asOf, async () => train(past, definition, pool, await matrix, asOf));
    known.set(asOf, found);
    return found;
  };
}

async function train(
  past: Past,
  definition: Definition,
  pool: ComputePool,
  all: Float32Array,
  asOf: number | undefined,
): Promise<TrainedModel> {
  const { target, encoders } = past;
  const isKnown = knownAt(past, definition, asOf);
  const rows = { train: past.drawn.train.filter(isKnown), test: past.drawn.test.filter(isKnown) };
  const columns = encoders.features.length;
  const x = new Float32Array(
    new SharedArrayBuffer(rows.train.length * columns * Float32Array.BYTES_PER_ELEMENT),
  );
  const y = new Float64Array(new SharedArrayBuffer(rows.train.length * Float64Array.BYTES_PER_ELEMENT));
  rows.train.forEach((row, i) => {
    x.set(all.subarray(row * columns, (row + 1) * columns), i * columns);
    y[i] = past.y[row];
  });
  const facts = { ...target, rows: rows.train.length, columns, encoders };
  const binned = await pool.bin(x, facts.rows, columns, undefined, kindsOf(encoders));
  const features: Features = { facts, x, y, binned };
  const metric = definition.select.metric === 'auto' ? defaultMetric(target.task) : definition.select.metric;
  const spec = await search(features, definition, pool, metric);
  const learner = shelf.get(spec.learner);
  if (!learner) throw new Error(`There is no learner ${spec.learner}.`);
  const fitted = await pool.fit({
    problem: problemOf(features),
    learner: spec.learner,
    params: spec.params,
    seed: deriveSeed(definition.seed, 'refit'),
  });
  const bytes = assembleModel(encoders, learner, fitted, modelMetadata(definition, facts));
  const answers = await withSession(bytes, (session) => session.predict(past.raw));
  const newest = (of: Int32Array) => of.reduce((most, row) => Math.max(most, past.at[row]), -Infinity);
  return {
    ...(asOf === undefined ? {} : { asOf }),
    signature: signatureOf(definition, facts),
    metric,
    ...rows,
    newestMs: Math.max(newest(rows.train), newest(rows.test)),
    predictions: predictionsOf(answers),
  };
}

async function search(features: Features, definition: Definition, pool: ComputePool, metric: MetricName) {
  const candidates = candidatesOf(definition, features.facts);
  const folds = foldsOf(features, definition);
  let best: { index: number; mean: number } | undefined;
  for (const { index, learner, params } of candidates) {
    const scores = await pool.crossValidate({
      problem: problemOf(features),
      learner,
      params,
      seed: deriveSeed(definition.seed, 'candidate', index),
      folds,
      positive: features.facts.positive,
    });
    const values = scores.map((fold) => fold[metric] ?? NaN);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    best = leader(best, { index, mean }, METRICS[metric].better);
  }
  const spec = candidates[best?.index ?? 0];
  if (!spec) throw new Error('The search has no candidate.');
  return spec;
}

/** Which rows a training of that moment reads: of the file, and of the log those whose labels have come. */
function knownAt({ at, first, set }: Past, { retrain }: Definition, asOf: number | undefined) {
  if (asOf === undefined) return (row: number) => row < first;
  const { window = { kind: 'expanding' } } = retrain ?? {};
  if ('rows' in window) throw new Error('A replay knows windows of a time, and no window of rows.');
  const since = 'ms' in window ? asOf - window.ms : -Infinity;
  return (row: number) => at[row] > since && (row < first || at[row] + set.labelDelayMs <= asOf);
}
