import { NumericalError } from '../numerical.ts';
import type { Task } from '../types.ts';
import { accuracy, balancedAccuracy } from './accuracy.ts';
import { argmax } from './argmax.ts';
import { averagePrecision } from './averagePrecision.ts';
import { brier } from './brier.ts';
import { classReport } from './classReport.ts';
import { confusionMatrix } from './confusion.ts';
import type { Estimate } from './estimate.ts';
import { logLoss } from './logLoss.ts';
import type { MetricName } from './names.ts';
import { rank } from './ranking.ts';
import { mae, r2, rmse } from './regression.ts';
import { rocAuc, rocAucStandardError } from './rocAuc.ts';

/**
 * Every metric of a task that these rows determine. One that they do not is absent, never a made-up number:
 * ROC AUC where a class (multiclass: any class) has no row or all rows, PR AUC where it has none, R2 of a constant target,
 * everything of 0 rows.
 *
 * @param classes number of classes; not used for regression
 * @param positive index of the positive class; binary only, the last class where it is not given
 * @param y [rows] class indices, or target values
 * @param predictions [rows, classes] probabilities, row-major; regression: [rows] values
 * @throws RangeError on shapes that do not fit, indices that are no class, and predictions that are no numbers
 */
export function computeMetrics(
  task: Task,
  classes: number,
  positive: number | undefined,
  y: Float64Array,
  predictions: Float64Array,
): Partial<Record<MetricName, number>> {
  const metrics: Partial<Record<MetricName, number>> = {};
  for (const [name, { value }] of Object.entries(estimateMetrics(task, classes, positive, y, predictions))) {
    if (value !== undefined) metrics[name as MetricName] = value;
  }
  return metrics;
}

/** As `computeMetrics`, with standard errors; a metric that is undefined has `value: undefined`. */
export function estimateMetrics(
  task: Task,
  classes: number,
  positive: number | undefined,
  y: Float64Array,
  predictions: Float64Array,
): Partial<Record<MetricName, Estimate>> {
  refuseMisfit(task, classes, y, predictions);
  if (y.length === 0) return {};
  if (task === 'regression')
    return { r2: r2(y, predictions), mae: mae(y, predictions), rmse: rmse(y, predictions) };

  const one = task === 'binary' ? positiveOf(classes, positive) : undefined;
  const confusion = confusionMatrix(y, argmax(predictions, classes), classes);
  const report = classReport(confusion);
  return {
    accuracy: accuracy(confusion),
    balancedAccuracy: balancedAccuracy(confusion),
    ...rankingMetrics(y, predictions, classes, one),
    f1: { value: (one === undefined ? report.macro : report.perClass[one]).f1 },
    logLoss: logLoss(y, predictions, classes),
    brier: brier(y, predictions, classes, one),
  };
}

/** The positive class of a binary problem: the one that is given, else the last. */
export function positiveOf(classes: number, positive: number | undefined): number {
  const index = positive ?? classes - 1;
  if (!Number.isInteger(index) || index < 0 || index >= classes) {
    throw new RangeError(`The positive class is ${index}; expected an index below ${classes}.`);
  }
  return index;
}

function rankingMetrics(
  y: Float64Array,
  probabilities: Float64Array,
  classes: number,
  positive: number | undefined,
): { rocAuc: Estimate; prAuc: Estimate } {
  if (positive !== undefined) {
    const ranking = rank(y, probabilities, classes, positive);
    return {
      rocAuc: { value: rocAuc(ranking), standardError: rocAucStandardError(ranking) },
      prAuc: { value: averagePrecision(ranking) },
    };
  }
  const rocs: (number | undefined)[] = [];
  const areas: (number | undefined)[] = [];
  for (let k = 0; k < classes; k++) {
    const ranking = rank(y, probabilities, classes, k);
    rocs.push(rocAuc(ranking));
    areas.push(averagePrecision(ranking));
  }
  return { rocAuc: { value: macro(rocs) }, prAuc: { value: macro(areas) } };
}

/** The plain mean over all classes; undefined where one of them is. */
function macro(values: (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const value of values) {
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum / values.length;
}

/** Float32 softmax may overshoot 1 in its last digits; anything further is no probability. */
const PROBABILITY_SLACK = 1e-6;

function refuseMisfit(task: Task, classes: number, y: Float64Array, predictions: Float64Array): void {
  const width = task === 'regression' ? 1 : classes;
  if (task !== 'regression' && !(Number.isInteger(classes) && classes >= 2)) {
    throw new RangeError(`Classification needs at least 2 classes, not ${classes}.`);
  }
  if (predictions.length !== y.length * width) {
    throw new RangeError(`${predictions.length} predictions do not fit ${y.length} rows of ${width}.`);
  }
  for (let row = 0; row < y.length; row++) {
    const fits =
      task === 'regression'
        ? Number.isFinite(y[row])
        : Number.isInteger(y[row]) && y[row] >= 0 && y[row] < classes;
    if (!fits)
      throw new RangeError(
        `Row ${row} has the target ${y[row]}; expected ${task === 'regression' ? 'a finite number' : `a class index below ${classes}`}.`,
      );
  }
  const [least, most] =
    task === 'regression'
      ? [-Number.MAX_VALUE, Number.MAX_VALUE]
      : [-PROBABILITY_SLACK, 1 + PROBABILITY_SLACK];
  for (let i = 0; i < predictions.length; i++) {
    if (predictions[i] >= least && predictions[i] <= most) continue;
    const expected = task === 'regression' ? 'a finite number' : 'a probability';
    throw new NumericalError(
      `Row ${Math.floor(i / width)} has the prediction ${predictions[i]}; expected ${expected}.`,
    );
  }
}
