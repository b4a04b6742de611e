import { describe, expect, it } from 'vitest';
import { argmax } from '../../../learning/metrics/argmax.ts';
import { computeMetrics } from '../../../learning/metrics/compute.ts';
import { evaluate } from '../../../learning/metrics/report.ts';
import { Random } from '../../../learning/rng.ts';

describe('what rows do not determine is absent', () => {
  it('gives nothing for no rows', () => {
    expect(computeMetrics('binary', 2, 1, new Float64Array(0), new Float64Array(0))).toEqual({});
    expect(computeMetrics('regression', 0, undefined, new Float64Array(0), new Float64Array(0))).toEqual({});
  });

  it('leaves out the ranking metrics of one class and keeps the others', () => {
    const metrics = computeMetrics(
      'binary',
      2,
      1,
      Float64Array.of(0, 0),
      Float64Array.of(0.9, 0.1, 0.2, 0.8),
    );
    expect(Object.keys(metrics).sort()).toEqual(['accuracy', 'balancedAccuracy', 'brier', 'f1', 'logLoss']);
  });

  it('leaves out R² of a constant target', () => {
    expect(computeMetrics('regression', 0, undefined, Float64Array.of(2, 2), Float64Array.of(1, 3))).toEqual({
      mae: 1,
      rmse: 1,
    });
  });

  it('holds no NaN, so that an evaluation survives JSON', () => {
    const single = { y: Float64Array.of(1), predictions: Float64Array.of(0.2, 0.8) };
    const evaluations = [
      evaluate({ task: 'binary', classes: ['a', 'b'], ...single }),
      evaluate({ task: 'multiclass', classes: ['a', 'b'], ...single }),
      evaluate({ task: 'regression', classes: [], y: Float64Array.of(1), predictions: Float64Array.of(1) }),
    ];
    for (const evaluation of evaluations) expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
  });
});

describe('what does not fit is refused by name', () => {
  const y = Float64Array.of(0, 1);
  it.each([
    [
      'shapes',
      () => computeMetrics('binary', 2, 1, y, new Float64Array(3)),
      /3 predictions do not fit 2 rows of 2/,
    ],
    [
      'one class',
      () => computeMetrics('multiclass', 1, undefined, y, new Float64Array(2)),
      /at least 2 classes, not 1/,
    ],
    [
      'a class that is not there',
      () => computeMetrics('binary', 2, 1, Float64Array.of(0, 2), new Float64Array(4)),
      /Row 1 has the target 2/,
    ],
    [
      'NaN as a probability',
      () => computeMetrics('binary', 2, 1, y, Float64Array.of(0.5, 0.5, NaN, 0.5)),
      /Row 1 has the prediction NaN/,
    ],
    [
      'a probability of 2',
      () => computeMetrics('binary', 2, 1, y, Float64Array.of(0.5, 2, 0.5, 0.5)),
      /Row 0 has the prediction 2/,
    ],
    [
      'an infinite value',
      () => computeMetrics('regression', 0, undefined, y, Float64Array.of(1, Infinity)),
      /Row 1 has the prediction Infinity/,
    ],
    [
      'a missing target',
      () => computeMetrics('regression', 0, undefined, Float64Array.of(NaN), y.slice(1)),
      /Row 0 has the target NaN/,
    ],
    [
      'a positive class that is not there',
      () => computeMetrics('binary', 2, 5, y, new Float64Array(4)),
      /positive class is 5/,
    ],
    [
      'an evaluation without rows',
      () =>
        evaluate({
          task: 'binary',
          classes: ['a', 'b'],
          y: new Float64Array(0),
          predictions: new Float64Array(0),
        }),
      /no rows/,
    ],
  ])('%s', (_, call, message) => expect(call).toThrow(message));
});

describe('labels', () => {
  it('are the argmax, and the lowest index on ties', () => {
    expect(Array.from(argmax(Float64Array.of(0.5, 0.5, 0.2, 0.8, 0.9, 0.1), 2))).toEqual([0, 1, 0]);
    expect(Array.from(argmax(Float64Array.of(0.2, 0.4, 0.4), 3))).toEqual([1]);
  });

  it('and metrics do not depend on the order of the rows', () => {
    const rows = 5000;
    const { y, p } = simulate(rows, 3, 7);
    // Few distinct scores, so that almost all are tied.
    for (let i = 0; i < p.length; i++) p[i] = Math.round(p[i] * 4) / 4;
    const order = Int32Array.from({ length: rows }, (_, i) => i);
    new Random(1).shuffle(order);
    const shuffledY = Float64Array.from(order, (row) => y[row]);
    const shuffledP = Float64Array.from(
      { length: rows * 3 },
      (_, i) => p[order[Math.floor(i / 3)] * 3 + (i % 3)],
    );
    const [a, b] = [
      computeMetrics('multiclass', 3, undefined, y, p),
      computeMetrics('multiclass', 3, undefined, shuffledY, shuffledP),
    ];
    expect(b.rocAuc).toBe(a.rocAuc);
    expect(b.prAuc).toBe(a.prAuc);
    expect(b.f1).toBe(a.f1);
  });
});

describe('at size', () => {
  it('scores 600,000 rows in seconds, even on a busy machine', () => {
    const { y, p } = simulate(600_000, 2, 3);
    const started = performance.now();
    const metrics = computeMetrics('binary', 2, 1, y, p);
    // Measured: 0.16 s on an idle core, 0.41 s on one shared by three.
    expect(performance.now() - started).toBeLessThan(5000);
    expect(metrics.rocAuc).toBeGreaterThan(0.5);
  });

  it('keeps curves at 200 points, with both ends', () => {
    const { y, p } = simulate(20_000, 2, 5);
    const evaluation = evaluate({ task: 'binary', classes: ['no', 'yes'], y, predictions: p });
    if (evaluation.task === 'regression') throw new Error('a classification');
    const [{ roc, precisionRecall, rocAuc }] = evaluation.curves;
    expect(roc.threshold.length).toBeGreaterThan(150);
    expect(roc.threshold.length).toBeLessThanOrEqual(200);
    expect(precisionRecall.recall.length).toBeGreaterThan(150);
    expect(precisionRecall.recall.length).toBeLessThanOrEqual(200);
    expect([
      roc.falsePositiveRate[0],
      roc.truePositiveRate[0],
      roc.falsePositiveRate.at(-1),
      roc.truePositiveRate.at(-1),
    ]).toEqual([0, 0, 1, 1]);
    expect(precisionRecall.recall.at(-1)).toBe(1);
    // What the picture shows has the area that is written beside it.
    let area = 0;
    for (let i = 1; i < roc.threshold.length; i++) {
      area +=
        ((roc.falsePositiveRate[i] - roc.falsePositiveRate[i - 1]) *
          (roc.truePositiveRate[i] + roc.truePositiveRate[i - 1])) /
        2;
    }
    expect(area).toBeCloseTo(rocAuc, 3);
  });

  it('draws the curves of the 30 classes with the most rows', () => {
    const { y, p } = simulate(4000, 40, 11);
    const evaluation = evaluate({
      task: 'multiclass',
      classes: Array.from({ length: 40 }, (_, k) => k),
      y,
      predictions: p,
    });
    if (evaluation.task === 'regression') throw new Error('a classification');
    expect(evaluation.curves).toHaveLength(30);
    expect(evaluation.report.perClass).toHaveLength(40);
    const least = Math.min(
      ...evaluation.curves.map((curve) => evaluation.report.perClass[curve.class].support),
    );
    const left = evaluation.report.perClass.filter(
      (_, k) => !evaluation.curves.some((curve) => curve.class === k),
    );
    for (const { support } of left) expect(support).toBeLessThanOrEqual(least);
  });
});

describe('a regression', () => {
  it('counts every row once in histogram, deciles and density', () => {
    const random = new Random(4);
    const y = Float64Array.from({ length: 3000 }, () => random.unit() ** 4 * 1000);
    const predictions = y.map((value) => value * 0.8 + random.unit() * 50);
    const evaluation = evaluate({ task: 'regression', classes: [], y, predictions });
    if (evaluation.task !== 'regression') throw new Error('a regression');
    const { histogram, deciles, density } = evaluation.residuals;
    expect(sum(histogram.counts) + histogram.outside).toBe(3000);
    expect(sum(density.cells.map(([, , rows]) => rows)) + density.outside).toBe(3000);
    expect(deciles.map(({ rows }) => rows)).toEqual(Array<number>(10).fill(300));
    expect(deciles.map(({ predicted }) => predicted)).toEqual(
      deciles.map(({ predicted }) => predicted).sort((a, b) => a - b),
    );
    expect(histogram.outside).toBeLessThanOrEqual(30);
  });

  it('summarises one row, and rows that are all alike', () => {
    for (const rows of [1, 50]) {
      const y = new Float64Array(rows).fill(-7);
      const evaluation = evaluate({ task: 'regression', classes: [], y, predictions: y });
      if (evaluation.task !== 'regression') throw new Error('a regression');
      expect(sum(evaluation.residuals.histogram.counts)).toBe(rows);
      expect(sum(evaluation.residuals.density.cells.map(([, , count]) => count))).toBe(rows);
      expect(evaluation.residuals.deciles).toEqual([{ rows, predicted: -7, actual: -7 }]);
    }
  });
});

function simulate(rows: number, classes: number, seed: number): { y: Float64Array; p: Float64Array } {
  const random = new Random(seed);
  const y = Float64Array.from({ length: rows }, () => random.below(classes));
  const p = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    let total = 0;
    for (let k = 0; k < classes; k++)
      total += p[row * classes + k] = random.unit() + (y[row] === k ? 0.3 : 0);
    for (let k = 0; k < classes; k++) p[row * classes + k] /= total;
  }
  return { y, p };
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
