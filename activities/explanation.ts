import { setImmediate } from 'node:timers/promises';
import { BACKGROUND_ROWS, explainRow, openExplainer, type ModelExplainer } from '../compute/explainer.ts';
import type { ModelSession } from '../compute/session.ts';
import type { RawBatch } from '../config/raw.ts';
import { coversOf } from '../learning/explain/covers.ts';
import { NotExplained } from '../learning/explain/notExplained.ts';
import { gridOf, summariseCurves, type PartialDependence } from '../learning/explain/partialDependence.ts';
import { PathDependent } from '../learning/explain/pathDependent.ts';
import type { Contributions, StoredExplanation } from '../learning/explain/stored.ts';
import { summariseContributions } from '../learning/explain/summary.ts';
import type { Importance } from '../learning/importance.ts';
import type { Signature } from '../store/types.ts';
import { predictionsOf } from './score.ts';

/** Rows of the hold-out that everything here looks at, in the order of their sample hash. */
export interface ExplainedRows {
  raw: RawBatch;
  /** [rows, classes] probabilities, or [rows] values. */
  predictions: Float64Array;
}

interface Request {
  bytes: Uint8Array;
  session: ModelSession;
  signature: Signature;
  rows: ExplainedRows;
  importance: Importance[];
  /** [rows, features] of training rows. */
  training: Float32Array;
  signal: AbortSignal;
}

/**
 * The golden rows' number: of the first so many of the hold-out the background is taken, so that what is kept here and
 * what the gateway answers are compared with the same rows.
 */
export const REFERENCE_ROWS = 1_000;
const MAX_ROWS = 500;
/** Nodes of trees that are looked at, some 50 ns each: no clock, so that the same data give the same artifact. */
const MAX_VISITS = 2e8;
/** Of path-dependent values: rows by nodes, some 0.3 us each. */
const MAX_PATH_WORK = 2e7;
const MAX_COVER_ROWS = 2_000;
const MIN_ROWS = 20;
const MAX_POINT_COLUMNS = 12;
const MAX_POINTS = 100_000;
const CURVE_COLUMNS = 6;
const CURVE_ROWS = 200;
const CURVE_VALUES = 20;
const MAX_CURVES = 8;

export async function explainVersion(request: Request): Promise<StoredExplanation> {
  const { signature, importance, rows } = request;
  const { shown, curves } = curvesOf(signature);
  if (rows.raw.rows === 0)
    return { contributions: { reason: 'there are no hold-out rows' }, partialDependence: [], curves };
  const contributions = await contributionsOf(request);
  const ranked =
    importance.length > 0
      ? importance.map(({ column }) => column)
      : 'columns' in contributions
        ? contributions.columns.map(({ column }) => column)
        : signature.inputs.map(({ name }) => name);
  const partialDependence: PartialDependence[] = [];
  for (const column of ranked.slice(0, CURVE_COLUMNS)) {
    const grid = gridOf(rows.raw.columns[column], CURVE_VALUES);
    // Of a column without values there is nothing to ask.
    if (grid.length > 0) partialDependence.push(await dependenceOf(column, grid, shown, request));
  }
  return { contributions, partialDependence, curves };
}

async function contributionsOf(request: Request): Promise<StoredExplanation['contributions']> {
  const { bytes, signature, rows, signal } = request;
  const columns = signature.inputs.map(({ name }) => name);
  const count = Math.min(rows.raw.rows, REFERENCE_ROWS);
  const { task, positive } = signature;
  const width = signature.classes?.length ?? 1;
  let explainer: ModelExplainer;
  try {
    explainer = await openExplainer(
      bytes,
      { task, positive, columns },
      { batch: firstRows(rows.raw, count), answers: rows.predictions.subarray(0, count * width) },
    );
  } catch (error) {
    if (error instanceof NotExplained) return { reason: error.message };
    throw error;
  }
  try {
    return await summarised(explainer, columns, request, () => signal.throwIfAborted());
  } finally {
    await explainer.release();
  }
}

async function summarised(
  explainer: ModelExplainer,
  columns: string[],
  { signature, rows, training }: Request,
  check: () => void,
): Promise<Contributions> {
  const { model } = explainer;
  const whole = explainer.of();
  const features = await explainer.encode(firstRows(rows.raw, Math.min(rows.raw.rows, MAX_ROWS)));
  const available = features.length / model.origins.length;
  const found: Float64Array[] = [];
  while (found.length < available && (found.length < MIN_ROWS || whole.visits < MAX_VISITS))
    found.push(await explainRow(whole, features, found.length, check));
  const summary = summariseContributions(columns, model.outputs, found);
  const kept = Math.min(found.length, Math.floor(MAX_POINTS / (model.outputs * MAX_POINT_COLUMNS)));
  const path = await pathDependent(explainer, columns, features, training, check);
  return {
    method: model.trees.length > 0 ? 'treeShap' : 'linearShap',
    explained: model.explained,
    of:
      signature.task === 'binary'
        ? (signature.classes ?? []).slice(signature.positive ?? 1, (signature.positive ?? 1) + 1)
        : (signature.classes ?? []),
    background: Math.min(rows.raw.rows, BACKGROUND_ROWS),
    rows: found.length,
    base: Array.from(whole.base),
    columns: summary,
    ...(path && { pathDependent: path }),
    points: summary.slice(0, MAX_POINT_COLUMNS).map(({ column }) => {
      const c = columns.indexOf(column);
      return {
        column,
        values: Array.from<number | string, number | string | null>(
          rows.raw.columns[column].slice(0, kept),
          (value) => (typeof value === 'number' && !Number.isFinite(value) ? null : value),
        ),
        contributions: Array.from({ length: model.outputs }, (_, k) =>
          found.slice(0, kept).map((row) => Number(row[c * model.outputs + k].toPrecision(7))),
        ),
      };
    }),
  };
}

/** Undefined where the model has no trees, or too many nodes for it. */
async function pathDependent(
  { model }: ModelExplainer,
  columns: readonly string[],
  features: Float32Array,
  training: Float32Array,
  check: () => void,
): Promise<Contributions['pathDependent']> {
  const width = model.origins.length;
  const nodes = model.trees.reduce((sum, { trees }) => sum + trees.feature.length, 0);
  const rows = Math.min(features.length / width, Math.floor(MAX_PATH_WORK / nodes));
  if (nodes === 0 || rows < Math.min(MIN_ROWS, features.length / width)) return undefined;
  const covering = training.subarray(0, MAX_COVER_ROWS * width);
  const base = model.constant.slice();
  const found = Array.from({ length: rows }, () => new Float64Array(columns.length * model.outputs));
  for (const { trees, outputs } of model.trees) {
    const explainer = new PathDependent(trees, coversOf(trees, covering, width));
    explainer.base().forEach((value, k) => (base[outputs[k]] += value));
    for (let row = 0; row < rows; row++) {
      await setImmediate();
      check();
      const own = new Float64Array(width * trees.width);
      explainer.add(features, row * width, own);
      own.forEach((value, i) => {
        const column = columns.indexOf(model.origins[Math.floor(i / trees.width)]);
        found[row][column * model.outputs + outputs[i % trees.width]] += value;
      });
    }
  }
  return {
    rows,
    covers: covering.length / width,
    base: Array.from(base),
    columns: summariseContributions(columns, model.outputs, found),
  };
}

/** Which of a row's answers the curves are drawn of. */
function curvesOf({ task, classes = [], positive = 1, target }: Signature): {
  shown: number[];
  curves: string[];
} {
  if (task === 'regression') return { shown: [0], curves: [target] };
  const shown = task === 'binary' ? [positive] : classes.map((_, k) => k).slice(0, MAX_CURVES);
  return { shown, curves: shown.map((k) => String(classes[k])) };
}

async function dependenceOf(
  column: string,
  grid: PartialDependence['grid'],
  shown: readonly number[],
  { session, signature, rows, signal }: Request,
): Promise<PartialDependence> {
  const batch = firstRows(rows.raw, Math.min(rows.raw.rows, CURVE_ROWS));
  const predictions: Float64Array[] = [];
  for (const value of grid) {
    const set =
      typeof value === 'number'
        ? new Float64Array(batch.rows).fill(value)
        : new Array<string>(batch.rows).fill(value);
    const answers = await session.predict(
      { rows: batch.rows, columns: { ...batch.columns, [column]: set } },
      { signal },
    );
    predictions.push(predictionsOf(answers));
  }
  return { column, grid, answers: summariseCurves(predictions, signature.classes?.length ?? 1, shown) };
}

function firstRows({ columns }: RawBatch, rows: number): RawBatch {
  return {
    rows,
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, values.slice(0, rows)]),
    ),
  };
}
