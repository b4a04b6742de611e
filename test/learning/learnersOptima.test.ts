import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ElasticNetModel } from '../../learning/learners/linear/fitElasticNet.ts';
import type { LinearSvmModel } from '../../learning/learners/linearSvm.ts';
import type { LogisticModel } from '../../learning/learners/logistic.ts';
import type { RidgeModel } from '../../learning/learners/ridge.ts';
import { NumericalError } from '../../learning/numerical.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, load, predict, scaled } from './learnersData.ts';

/**
 * Learners that minimise an objective find the minimum that scikit-learn finds. Objectives are computed here, in
 * float64, from the coefficients, and may differ by 1e-6 of their value.
 */

interface MachineOptimum {
  l2: number;
  loss: 'hinge' | 'squaredHinge';
  /** By machine. */
  objectives: number[];
  coef?: number[];
  intercept?: number;
}
interface NetOptimum extends Optimum {
  alpha: number;
  l1Ratio: number;
  coef: number[];
  intercept: number;
}
interface Optimum {
  objective: number;
}
/** See test/golden/learnersShelf.py. */
const golden = JSON.parse(readFileSync(new URL('../golden/learnersShelf.json', import.meta.url), 'utf8')) as {
  logistic: Record<
    'cancerScaled' | 'digitsScaled',
    (Optimum & {
      l1: number;
      l2: number;
      nonzero: number;
      shares: number[][];
      coef?: number[];
      intercept?: number;
    })[]
  >;
  linearSvm: Record<'cancer' | 'cancerScaled' | 'digitsScaled', MachineOptimum[]>;
  elasticNet: Record<'friedman' | 'cancer' | 'cancerScaled', NetOptimum[]>;
};

const digits = load('digits');
const digitsScaled = scaled(digits);
const cancerScaled = scaled(load('cancer'));

describe('logistic with L1 finds the optimum of LogisticRegression', () => {
  test.each([
    ...golden.logistic.cancerScaled.map((peer) => ({ name: 'cancer, scaled', problem: cancerScaled, peer })),
    ...golden.logistic.digitsScaled.map((peer) => ({ name: 'digits, scaled', problem: digitsScaled, peer })),
  ])('$name, l1 = $peer.l1, l2 = $peer.l2', ({ problem, peer }) => {
    const { l1, l2 } = peer;
    const model = fit('logistic', problem, { l1, l2 }) as LogisticModel;
    expect(model.converged).toBe(true);
    expect(logisticObjective(problem, model, l1, l2) / peer.objective).toBeCloseTo(1, 6);
    const own = predict('logistic', model, problem);
    peer.shares.flat().forEach((share, i) => expect(own[i]).toBeCloseTo(share, 3));
    // Of ten classes the weights are not unique: a number added to a feature's weights may cost nothing.
    if (!peer.coef) return;
    peer.coef.forEach((weight, f) => expect(model.weights[2 * f + 1]).toBeCloseTo(weight, 3));
    expect(model.intercepts[1]).toBeCloseTo(peer.intercept ?? NaN, 3);
    expect(model.weights.filter((weight) => weight !== 0).length).toBe(peer.nonzero);
  });

  test('a nearly separable problem with hardly a penalty, on features as they are', () => {
    const model = fit('logistic', load('cancer'), { l1: 0.01, l2: 0 }) as LogisticModel;
    expect(model).toMatchObject({ converged: true });
    expect(model.iterations).toBeLessThan(30);
  });

  test('a penalty above the largest slope leaves the shares of the classes alone', () => {
    const model = fit('logistic', digits, { l1: 1e6, l2: 0 }) as LogisticModel;
    expect(model.weights.every((weight) => weight === 0)).toBe(true);
    const shares = predict('logistic', model, digits, Int32Array.of(0));
    const zeros = digits.y.filter((y) => y === 0).length;
    expect(shares[0]).toBeCloseTo(zeros / digits.rows, 7);
  });
});

describe('lasso and elastic net find the optimum and the coefficients of ElasticNet', () => {
  const asNumbers = (problem: Problem): Problem => ({ ...problem, task: 'regression', classes: 1 });
  const sets = {
    friedman: load('friedman'),
    cancer: asNumbers(load('cancer')),
    cancerScaled: asNumbers(cancerScaled),
  };
  const cases = Object.entries(sets).flatMap(([name, problem]) =>
    golden.elasticNet[name as keyof typeof sets].map((peer) => ({ name, problem, peer })),
  );
  test.each(cases)('$name, alpha = $peer.alpha, l1Ratio = $peer.l1Ratio', ({ problem, peer }) => {
    const { alpha, l1Ratio, coef, intercept } = peer;
    const models = [fit('elasticNet', problem, { alpha, l1Ratio }) as ElasticNetModel];
    if (l1Ratio === 1) models.push(fit('lasso', problem, { alpha }) as ElasticNetModel);
    for (const model of models) {
      expect(model.converged).toBe(true);
      expect(netObjective(problem, model, alpha, l1Ratio) / peer.objective).toBeCloseTo(1, 6);
      coef.forEach((weight, f) => expect(distance(model.weights[f], weight)).toBeLessThan(1e-6));
      expect(distance(model.intercept, intercept)).toBeLessThan(1e-6);
    }
  });

  test('the gap bounds how far the objective is from its least value', () => {
    const problem = sets.cancerScaled;
    const objective = (maxIterations: number) => {
      const model = fit('lasso', problem, { alpha: 0.001, maxIterations }) as ElasticNetModel;
      return { value: netObjective(problem, model, 0.001, 1), gap: model.gap };
    };
    const least = objective(10_000).value;
    const mean = problem.y.reduce((a, b) => a + b, 0) / problem.rows;
    const alone = problem.y.reduce((sum, y) => sum + (y - mean) ** 2, 0) / problem.rows / 2;
    for (const sweeps of [1, 3, 5, 6]) {
      const { value, gap } = objective(sweeps);
      expect(value).toBeGreaterThan(least);
      expect(value - least).toBeLessThan(gap * alone);
    }
  });

  test('features in units so large that their penalty is next to nothing', () => {
    for (const unit of [1e6, 1e20]) {
      const problem = { ...sets.friedman, x: sets.friedman.x.map((value) => value * unit) };
      const model = fit('lasso', problem, { alpha: 0.01 }) as ElasticNetModel;
      const free = fit('ridge', sets.friedman, { l2: 0 }) as RidgeModel;
      expect(model.converged).toBe(true);
      free.weights.forEach((weight, f) =>
        expect(distance(model.weights[f] * unit, weight)).toBeLessThan(1e-5),
      );
    }
  });

  test('a target without spread, and one too large to be squared', () => {
    const flat = { ...sets.friedman, y: sets.friedman.y.map(() => 3) };
    expect(fit('lasso', flat)).toMatchObject({ intercept: 3, converged: true, iterations: 0 });
    const huge = { ...sets.friedman, y: sets.friedman.y.map((y) => y * 1e160) };
    expect(() => fit('lasso', huge)).toThrow(NumericalError);
  });
});

describe('linearSvm finds the optimum of LinearSVC', () => {
  test.each([
    ...golden.linearSvm.cancer.map((peer) => ({ name: 'cancer, unscaled', problem: load('cancer'), peer })),
    ...golden.linearSvm.cancerScaled.map((peer) => ({ name: 'cancer, scaled', problem: cancerScaled, peer })),
    ...golden.linearSvm.digitsScaled.map((peer) => ({ name: 'digits, scaled', problem: digitsScaled, peer })),
  ])('$name, $peer.loss, l2 = $peer.l2', ({ problem, peer }) => {
    const { l2, loss } = peer;
    const options = { l2, loss, tolerance: 1e-7, maxIterations: 100_000 };
    const model = fit('linearSvm', problem, options) as LinearSvmModel;
    expect(model.converged).toBe(true);
    expect(model.intercepts.length).toBe(peer.objectives.length);
    peer.objectives.forEach((objective, k) => {
      expect(machineObjective(problem, model, k, peer) / objective).toBeCloseTo(1, 6);
    });
    peer.coef?.forEach((weight, f) => expect(model.weights[f]).toBeCloseTo(weight, 3));
    if (peer.intercept !== undefined) expect(model.intercepts[0]).toBeCloseTo(peer.intercept, 3);
  });

  test('the gap bounds how far the objective is from its least value', () => {
    const peer = { l2: 1, loss: 'squaredHinge' } as const;
    const objective = (options: object) => {
      const model = fit('linearSvm', cancerScaled, { ...peer, ...options }) as LinearSvmModel;
      return { value: machineObjective(cancerScaled, model, 0, peer), gap: model.gap };
    };
    const least = objective({ tolerance: 1e-9, maxIterations: 100_000 }).value;
    for (const maxIterations of [1, 5, 15]) {
      const { value, gap } = objective({ maxIterations });
      expect(value).toBeGreaterThan(least);
      expect(value - least).toBeLessThan(gap * value);
    }
  });
});

function machineObjective(
  { x, y, rows, columns, classes }: Problem,
  { weights, intercepts }: LinearSvmModel,
  k: number,
  { l2, loss }: Pick<MachineOptimum, 'l2' | 'loss'>,
): number {
  const count = intercepts.length;
  const member = classes === 2 ? 1 : k;
  let value = (l2 / 2) * intercepts[k] ** 2;
  for (let f = 0; f < columns; f++) value += (l2 / 2) * weights[f * count + k] ** 2;
  for (let i = 0; i < rows; i++) {
    let score = intercepts[k];
    for (let f = 0; f < columns; f++) score += x[i * columns + f] * weights[f * count + k];
    const slack = Math.max(0, 1 - (y[i] === member ? score : -score));
    value += loss === 'hinge' ? slack : slack * slack;
  }
  return value;
}

/** Relative to 1 or the size of what is expected. */
function distance(ours: number, theirs: number): number {
  return Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
}

function netObjective(
  { x, y, rows, columns }: Problem,
  { weights, intercept }: ElasticNetModel,
  alpha: number,
  l1Ratio: number,
): number {
  let value = 0;
  for (let i = 0; i < rows; i++) {
    let rest = y[i] - intercept;
    for (let f = 0; f < columns; f++) rest -= x[i * columns + f] * weights[f];
    value += (rest * rest) / (2 * rows);
  }
  for (const w of weights) value += alpha * (l1Ratio * Math.abs(w) + ((1 - l1Ratio) / 2) * w * w);
  return value;
}

function logisticObjective(
  { x, y, rows, columns }: Problem,
  { classes, weights, intercepts }: LogisticModel,
  l1: number,
  l2: number,
): number {
  let value = weights.reduce((sum, w) => sum + l1 * Math.abs(w) + (l2 / 2) * w * w, 0);
  for (let i = 0; i < rows; i++) {
    const scores = Array.from(intercepts, (bias, k) => {
      let score = bias;
      for (let f = 0; f < columns; f++) score += x[i * columns + f] * weights[f * classes + k];
      return score;
    });
    const highest = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - highest), 0);
    value += highest - scores[y[i]] + Math.log(sum);
  }
  return value;
}
