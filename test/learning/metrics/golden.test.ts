import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { computeMetrics } from '../../../learning/metrics/compute.ts';
import {
  evaluate,
  type ClassificationEvaluation,
  type RegressionEvaluation,
} from '../../../learning/metrics/report.ts';
import type { MetricName } from '../../../learning/metrics/names.ts';
import type { Task } from '../../../learning/types.ts';

/** Every number of an evaluation is scikit-learn's to 1e-9, relative to its size where it is above 1. */

interface GoldenCase {
  name: string;
  task: Task;
  classes: number;
  positive: number | null;
  y: number[];
  predictions: number[];
  /** Null: undefined on these rows. */
  metrics: Partial<Record<MetricName, number | null>>;
  standardErrors: Partial<Record<MetricName, number | null>>;
  confusion: number[][];
  report: Record<string, Record<'precision' | 'recall' | 'f1-score' | 'support', number>>;
  calibration: Record<'uniform' | 'quantile', { actual: number[]; predicted: number[] }>;
  expectedCalibrationError: number;
  roc?: { fpr: number[]; tpr: number[]; threshold: (number | null)[] };
  precisionRecall?: { precision: number[]; recall: number[]; threshold: number[] };
  residuals: { mean: number; std: number; min: number; max: number; quantiles: number[] };
}

const cases = JSON.parse(
  readFileSync(new URL('../../golden/metrics.json', import.meta.url), 'utf8'),
) as GoldenCase[];
const classifications = cases.filter(({ task }) => task !== 'regression');
const withCurves = cases.filter(({ roc }) => roc);

describe('metrics agree with scikit-learn', () => {
  it.each(cases)('$name', ({ task, classes, positive, y, predictions, metrics }) => {
    const ours = computeMetrics(
      task,
      classes,
      positive ?? undefined,
      Float64Array.from(y),
      Float64Array.from(predictions),
    );
    const defined = Object.entries(metrics).filter(([, value]) => value !== null);
    expect(Object.keys(ours).sort()).toEqual(defined.map(([name]) => name).sort());
    for (const [name, value] of defined) expectClose(ours[name as MetricName], value, name);
  });
});

describe('standard errors agree with their definitions', () => {
  it.each(cases)('$name', (golden) => {
    const { standardErrors } = evaluation(golden);
    for (const [name, value] of Object.entries(golden.standardErrors)) {
      expectClose(standardErrors[name as MetricName], value ?? undefined, name);
    }
  });
});

describe('confusion matrix and classification report agree with scikit-learn', () => {
  it.each(classifications)('$name', (golden) => {
    const { confusion, report } = evaluation(golden) as ClassificationEvaluation;
    expect(confusion).toEqual(golden.confusion);
    const rows = [...report.perClass, report.macro, report.weighted];
    const names = [...report.perClass.map((_, k) => String(k)), 'macro avg', 'weighted avg'];
    expect(Object.keys(golden.report)).toEqual(names);
    names.forEach((name, i) => {
      expectClose(rows[i].precision, golden.report[name].precision, `${name} precision`);
      expectClose(rows[i].recall, golden.report[name].recall, `${name} recall`);
      expectClose(rows[i].f1, golden.report[name]['f1-score'], `${name} f1`);
      expect(rows[i].support).toBe(golden.report[name].support);
    });
  });
});

describe('calibration agrees with scikit-learn', () => {
  it.each(classifications)('$name', (golden) => {
    const { calibration } = evaluation(golden) as ClassificationEvaluation;
    for (const strategy of ['uniform', 'quantile'] as const) {
      const bins = calibration[strategy];
      expect(bins).toHaveLength(golden.calibration[strategy].actual.length);
      bins.forEach((bin, b) => {
        expectClose(bin.actual, golden.calibration[strategy].actual[b], `${strategy} ${b} actual`);
        expectClose(bin.predicted, golden.calibration[strategy].predicted[b], `${strategy} ${b} predicted`);
      });
      expect(bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(golden.y.length);
    }
    expectClose(calibration.expectedError, golden.expectedCalibrationError, 'expected error');
  });
});

describe('curves agree with scikit-learn', () => {
  it('has cases', () => expect(withCurves.length).toBeGreaterThanOrEqual(5));

  it.each(withCurves)('ROC: $name', (golden) => {
    const curve = (evaluation(golden) as ClassificationEvaluation).curves[0].roc;
    const { fpr, tpr, threshold } = golden.roc ?? { fpr: [], tpr: [], threshold: [] };
    // Each of our points is one of theirs, and each of theirs lies on our line.
    curve.threshold.forEach((at, i) => {
      const theirs = threshold.indexOf(at);
      expect(theirs).toBeGreaterThanOrEqual(0);
      expect(curve.falsePositiveRate[i]).toBeCloseTo(fpr[theirs], 6);
      expect(curve.truePositiveRate[i]).toBeCloseTo(tpr[theirs], 6);
    });
    fpr.forEach((x, i) =>
      expect(distanceToLine(curve.falsePositiveRate, curve.truePositiveRate, x, tpr[i])).toBeLessThan(2e-6),
    );
  });

  it.each(withCurves)('precision and recall: $name', (golden) => {
    const curve = (evaluation(golden) as ClassificationEvaluation).curves[0].precisionRecall;
    const theirs = golden.precisionRecall ?? { precision: [], recall: [], threshold: [] };
    expect(curve.threshold).toEqual(theirs.threshold);
    curve.recall.forEach((recall, i) => {
      expect(recall).toBeCloseTo(theirs.recall[i], 6);
      expect(curve.precision[i]).toBeCloseTo(theirs.precision[i], 6);
    });
  });
});

describe('residual summaries agree with numpy', () => {
  it.each(cases.filter(({ task }) => task === 'regression'))('$name', (golden) => {
    const { residuals } = evaluation(golden) as RegressionEvaluation;
    for (const name of ['mean', 'std', 'min', 'max'] as const)
      expectClose(residuals[name], golden.residuals[name], name);
    residuals.quantiles.forEach(({ value }, i) =>
      expectClose(value, golden.residuals.quantiles[i], `quantile ${i}`),
    );
  });
});

function evaluation({ task, classes, positive, y, predictions }: GoldenCase) {
  return evaluate({
    task,
    classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
    positive: positive ?? undefined,
    y: Float64Array.from(y),
    predictions: Float64Array.from(predictions),
  });
}

function expectClose(ours: number | undefined, golden: number | null | undefined, what: string): void {
  if (golden === undefined || golden === null) return expect(ours, what).toBeUndefined();
  if (ours === undefined) return expect.fail(`${what} is undefined; expected ${golden}`);
  expect(Math.abs(ours - golden), `${what} is ${ours}; expected ${golden}`).toBeLessThanOrEqual(
    1e-9 * Math.max(1, Math.abs(golden)),
  );
}

/** Of a point to the polyline (xs, ys). */
function distanceToLine(xs: number[], ys: number[], x: number, y: number): number {
  let least = Infinity;
  for (let i = 1; i < xs.length; i++) {
    const [dx, dy] = [xs[i] - xs[i - 1], ys[i] - ys[i - 1]];
    const length = dx * dx + dy * dy;
    const t =
      length === 0 ? 0 : Math.min(1, Math.max(0, ((x - xs[i - 1]) * dx + (y - ys[i - 1]) * dy) / length));
    least = Math.min(least, Math.hypot(x - xs[i - 1] - t * dx, y - ys[i - 1] - t * dy));
  }
  return least;
}
