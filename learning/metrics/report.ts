import type { Task } from '../types.ts';
import { argmax } from './argmax.ts';
import { averagePrecision } from './averagePrecision.ts';
import { calibrationBins, expectedCalibrationError, type CalibrationBin } from './calibration.ts';
import { classReport, type ClassReport } from './classReport.ts';
import { estimateMetrics, positiveOf } from './compute.ts';
import { confusionMatrix, type Confusion } from './confusion.ts';
import { precisionRecallCurve, rocCurve, type PrecisionRecallCurve, type RocCurve } from './curves.ts';
import type { MetricName } from './names.ts';
import { rank } from './ranking.ts';
import { summariseResiduals, type Residuals } from './residuals.ts';
import { rocAuc } from './rocAuc.ts';

/** Everything that is known of a model's answers on one set of rows, as plain JSON: no NaN, no typed arrays. */
export type Evaluation = ClassificationEvaluation | RegressionEvaluation;

interface Scores {
  rows: number;
  /** What the rows do not determine is absent. */
  metrics: Partial<Record<MetricName, number>>;
  /** Of the metrics that have a cheap and honest one. */
  standardErrors: Partial<Record<MetricName, number>>;
}

export interface ClassificationEvaluation extends Scores {
  task: 'binary' | 'multiclass';
  /** Names by class index; everything below goes by that index. */
  classes: string[];
  /** Index of the positive class; binary only. */
  positive?: number;
  /** Rows by [true class][predicted class]. */
  confusion: number[][];
  report: ClassReport;
  /** Of the positive class; multiclass: of the 30 classes with the most rows, each against the rest, by class index. */
  curves: ClassCurves[];
  calibration: Calibration;
}

export interface RegressionEvaluation extends Scores {
  task: 'regression';
  residuals: Residuals;
}

export interface ClassCurves {
  class: number;
  rocAuc: number;
  prAuc: number;
  roc: RocCurve;
  precisionRecall: PrecisionRecallCurve;
}

export interface Calibration {
  /** Whose probability: the positive class's, or (multiclass) the predicted class's, whichever that is. */
  of: 'positive' | 'predicted';
  /** Ten bins of equal width. */
  uniform: CalibrationBin[];
  /** Ten bins of about equally many rows. */
  quantile: CalibrationBin[];
  /** Over the ten bins of equal width. */
  expectedError: number;
}

export interface EvaluateOptions {
  task: Task;
  /** Names by class index; empty for regression. */
  classes: readonly (string | number | boolean)[];
  /** Index of the positive class; binary only. */
  positive?: number;
  /** [rows] class indices, or target values. */
  y: Float64Array;
  /** [rows, classes] probabilities; regression: [rows] values. */
  predictions: Float64Array;
}

/** @throws RangeError on no rows, and on what `computeMetrics` refuses */
export function evaluate({ task, classes: names, positive, y, predictions }: EvaluateOptions): Evaluation {
  if (y.length === 0) throw new RangeError('There are no rows to evaluate on.');
  const scores = score(task, names.length, positive, y, predictions);
  if (task === 'regression') return { task, ...scores, residuals: summariseResiduals(y, predictions) };

  const one = task === 'binary' ? positiveOf(names.length, positive) : undefined;
  const labels = argmax(predictions, names.length);
  const confusion = confusionMatrix(y, labels, names.length);
  return {
    task,
    ...scores,
    classes: names.map(String),
    ...(one === undefined ? {} : { positive: one }),
    confusion: names.map((_, k) =>
      Array.from(confusion.counts.subarray(k * names.length, (k + 1) * names.length)),
    ),
    report: classReport(confusion),
    curves: (one === undefined ? largest(confusion) : [one]).flatMap((k) =>
      curvesOf(k, names.length, y, predictions),
    ),
    calibration: calibrate(one, names.length, y, labels, predictions),
  };
}

const MAX_CURVES = 30;
const CALIBRATION_BINS = 10;

function score(
  task: Task,
  classes: number,
  positive: number | undefined,
  y: Float64Array,
  predictions: Float64Array,
): Scores {
  const metrics: Scores['metrics'] = {};
  const standardErrors: Scores['standardErrors'] = {};
  for (const [key, { value, standardError }] of Object.entries(
    estimateMetrics(task, classes, positive, y, predictions),
  )) {
    const name = key as MetricName;
    if (value === undefined) continue;
    metrics[name] = value;
    if (standardError !== undefined) standardErrors[name] = standardError;
  }
  return { rows: y.length, metrics, standardErrors };
}

/** Class indices, ascending, of the classes with the most rows. */
function largest({ actual }: Confusion): number[] {
  return Array.from(actual.keys())
    .sort((a, b) => actual[b] - actual[a] || a - b)
    .slice(0, MAX_CURVES)
    .sort((a, b) => a - b);
}

function curvesOf(k: number, classes: number, y: Float64Array, probabilities: Float64Array): ClassCurves[] {
  const ranking = rank(y, probabilities, classes, k);
  const roc = rocCurve(ranking);
  const precisionRecall = precisionRecallCurve(ranking);
  const areas = { rocAuc: rocAuc(ranking), prAuc: averagePrecision(ranking) };
  // A class with no row, or with all of them, has no curve.
  if (!roc || !precisionRecall || areas.rocAuc === undefined || areas.prAuc === undefined) return [];
  return [{ class: k, rocAuc: areas.rocAuc, prAuc: areas.prAuc, roc, precisionRecall }];
}

function calibrate(
  positive: number | undefined,
  classes: number,
  y: Float64Array,
  labels: Int32Array,
  probabilities: Float64Array,
): Calibration {
  const said = Float64Array.from(y, (_, row) => probabilities[row * classes + (positive ?? labels[row])]);
  const happened = (row: number): boolean => y[row] === (positive ?? labels[row]);
  const uniform = calibrationBins(said, happened, CALIBRATION_BINS, 'uniform');
  return {
    of: positive === undefined ? 'predicted' : 'positive',
    uniform,
    quantile: calibrationBins(said, happened, CALIBRATION_BINS, 'quantile'),
    expectedError: expectedCalibrationError(uniform) ?? 0,
  };
}
