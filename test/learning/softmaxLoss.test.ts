import { afterEach, describe, expect, test, vi } from 'vitest';
import { log } from '../../learning/kernels/log.ts';
import { compiledSoftmaxLoss } from '../../learning/learners/linear/compiledSoftmaxLoss.ts';
import { PlainSoftmaxLoss } from '../../learning/learners/linear/plainSoftmaxLoss.ts';
import {
  softmaxLoss,
  type LabelledRows,
  type SoftmaxLoss,
} from '../../learning/learners/linear/softmaxLoss.ts';
import type { LogisticModel } from '../../learning/learners/logistic.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, problemFrom } from './learnersData.ts';
import { noWasmMemory } from './noWasmMemory.ts';

/**
 * The compiled loss of logistic regression does what its reference does, to the last bit; the reference is the log loss; and
 * a fit that begins on a sample of the rows ends at the optimum of all of them.
 */

describe('log', () => {
  test('is the logarithm to one unit of the last place', () => {
    const random = new Random(1);
    let worst = 0;
    for (let i = 0; i < 200_000; i++) {
      const x = 1 + random.unit() * [1e-9, 1, 30, 2 ** 30][i % 4];
      const truth = Math.log(x);
      worst = Math.max(worst, Math.abs(log(x) - truth) / (truth * 2 ** -52));
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  test('has the ends of its range, and NaN', () => {
    expect(log(1)).toBe(0);
    expect(log(2 ** 31 - 1)).toBe(Math.log(2 ** 31 - 1));
    expect(log(NaN)).toBeNaN();
  });
});

const columns = 5;
const unit = (random: Random) => 2 * random.unit() - 1;

/** Features of several sizes, the last one constant; rows in no order. */
function rowsOf(count: number, classes: number, weighed: boolean): LabelledRows {
  const random = new Random(count + classes);
  const rows = count + 13;
  const x = Float32Array.from({ length: rows * columns }, (_, i) =>
    i % columns === columns - 1 ? 0.1 : [1, 1e-3, 400, 1][i % columns] * unit(random),
  );
  const y = Float64Array.from({ length: rows }, () => random.below(classes));
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  random.shuffle(order);
  const weights = Float64Array.from(y, () => 0.1 + random.unit());
  return { x, y, columns, classes, train: order.slice(0, count), ...(weighed ? { weights } : {}) };
}

function compiled(data: LabelledRows, blocks = true): SoftmaxLoss {
  const loss = compiledSoftmaxLoss(data, blocks);
  if (!loss) throw new Error('no memory');
  return loss;
}

describe.each([1, 7, 8, 9, 16, 901])('%d rows', (count) => {
  test.each([
    [2, false],
    [2, true],
    [3, false],
    [7, true],
  ])('of %d classes, weighed: %s, are the same compiled', (classes, weighed) => {
    const data = rowsOf(count, classes, weighed);
    const [plain, fast] = [new PlainSoftmaxLoss(data), compiled(data)];
    expect(fast.free).toBe(plain.free);
    const { means, deviations } = plain.moments();
    expect(fast.moments()).toStrictEqual({ means, deviations });
    expect(deviations[columns - 1]).toBe(0);
    const inverse = deviations.map((deviation) => (deviation === 0 ? 0 : 1 / deviation));
    const random = new Random(classes);
    // So large that shares under- and overflow, and so small that all are alike.
    for (const size of [0, 1e-9, 1, 50, 1e4]) {
      const weights = Float64Array.from({ length: plain.free * (columns + 1) }, () => size * unit(random));
      const gradients = [weights.slice(), weights.slice()];
      const value = plain.evaluate(weights, gradients[0]);
      expect(fast.evaluate(weights, gradients[1])).toBe(value);
      expect(gradients[1]).toStrictEqual(gradients[0]);
      for (const full of [true, false]) {
        const blocks = plain.curvature(weights, means, inverse, full);
        expect(fast.curvature(weights, means, inverse, full)).toStrictEqual(blocks);
        expect(compiled(data, full).curvature(weights, means, inverse, full)).toStrictEqual(blocks);
      }
    }
  });
});

test('scores that are no numbers are the same compiled', () => {
  for (const classes of [2, 3]) {
    const data = rowsOf(9, classes, false);
    const [plain, fast] = [new PlainSoftmaxLoss(data), compiled(data)];
    for (const broken of [NaN, Infinity, -Infinity]) {
      const weights = new Float64Array(plain.free * (columns + 1)).fill(1);
      weights[2] = broken;
      const gradients = [weights.slice(), weights.slice()];
      const value = plain.evaluate(weights, gradients[0]);
      expect(fast.evaluate(weights, gradients[1])).toBe(value);
      expect(gradients[1]).toStrictEqual(gradients[0]);
    }
  }
});

test.each([2, 4])('of %d classes it is the log loss, with its gradient and curvature', (classes) => {
  const data = rowsOf(50, classes, true);
  const loss = softmaxLoss(data, true);
  const random = new Random(3);
  const size = columns + 1;
  const weights = Float64Array.from(
    { length: loss.free * size },
    (_, i) => unit(random) / (i % 3 === 2 ? 400 : 1),
  );
  const gradient = weights.slice();
  const unused = weights.slice();
  const value = loss.evaluate(weights, gradient);
  expect(value).toBeCloseTo(logLoss(data, weights), 10);
  // With features as they are: no means, all inverses 1.
  const blocks = loss.curvature(weights, new Float64Array(columns), new Float64Array(columns).fill(1), true);
  const diagonals = loss.curvature(
    weights,
    new Float64Array(columns),
    new Float64Array(columns).fill(1),
    false,
  );
  const move = (at: number, by: number) => weights.map((weight, i) => (i === at ? weight + by : weight));
  for (let at = 0; at < weights.length; at++) {
    const by = at % size === 2 ? 1e-7 : 1e-4;
    const slope = (loss.evaluate(move(at, by), unused) - loss.evaluate(move(at, -by), unused)) / (2 * by);
    expect(slope).toBeCloseTo(gradient[at], 3);
    const [up, down] = [weights.slice(), weights.slice()];
    loss.evaluate(move(at, by), up);
    loss.evaluate(move(at, -by), down);
    const k = Math.floor(at / size);
    for (let g = 0; g <= at % size; g++) {
      const second = (up[k * size + g] - down[k * size + g]) / (2 * by);
      const own = blocks[k][(at % size) * size + g];
      expect(second / (1 + Math.abs(own))).toBeCloseTo(own / (1 + Math.abs(own)), 4);
      if (g === at % size) expect(diagonals[k][g]).toBe(own);
    }
  }
});

describe('a fit that finds no memory for the compiled loss', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test.each([2, 3])('gives the same model of %d classes', (classes) => {
    const problem = manyRows(9000, classes);
    const model = fit('logistic', problem);
    const asked = noWasmMemory();
    expect(fit('logistic', problem)).toStrictEqual(model);
    expect(asked).toHaveBeenCalled();
  });
});

describe('a fit that begins on a sample ends at the optimum of all rows', () => {
  const rows = 20_000;
  const rare = (problem: Problem): Problem => {
    // Columns that differ from 0 in three rows each, which a sample of a quarter may not have.
    const x = problem.x.slice();
    for (let row = 0; row < rows; row++) {
      x[row * columns + 1] = row % 7001 === 5 ? 1 : 0;
      x[row * columns + 2] = row % 6501 === 9 ? 1 : 0;
    }
    return { ...problem, x };
  };
  const cases = [2, 3].flatMap((classes) => {
    const plain = manyRows(rows, classes);
    const order = plain.train.toSorted((a, b) => plain.y[a] - plain.y[b] || a - b);
    const sorted = problemFrom(
      Float32Array.from(
        Array.from(order).flatMap((row) => [...plain.x.subarray(row * columns, (row + 1) * columns)]),
      ),
      Float64Array.from(order, (row) => plain.y[row]),
      columns,
      classes,
    );
    return [
      { name: 'rows in no order', problem: plain },
      { name: 'sorted by class', problem: sorted },
      { name: 'features that hardly a row has', problem: rare(plain) },
      {
        name: 'a class of six rows',
        problem: {
          ...plain,
          y: plain.y.map((k, row) => (row % 3500 === 1 ? classes - 1 : Math.min(k, classes - 2))),
        },
      },
      {
        name: 'features in odd units',
        problem: {
          ...plain,
          x: plain.x.map((v, i) => (i % columns === 3 ? 1e4 + v : i % columns === 4 ? v / 1e6 : v)),
        },
      },
      {
        name: 'weighed rows',
        problem: { ...plain, weights: plain.y.map((_, row) => 0.1 + (row % 10) ** 2) },
      },
    ].map((one) => ({ ...one, classes }));
  });

  test.each(cases)('$classes classes, $name', ({ problem }) => {
    const model = fit('logistic', problem) as LogisticModel;
    expect(model.converged).toBe(true);
    expect(model.iterations).toBeLessThan(60);
    expect(slopeOf(problem, model)).toBeLessThan(2e-7);
  });

  test('separable classes without a penalty are no optimum, and it says so', () => {
    const plain = manyRows(rows, 2);
    const problem = { ...plain, y: plain.y.map((_, row) => (plain.x[row * columns] > 0 ? 1 : 0)) };
    const model = fit('logistic', problem, { l2: 0, maxIterations: 60 }) as LogisticModel;
    expect(model.iterations).toBeLessThanOrEqual(60);
    expect(model.weights.every(Number.isFinite)).toBe(true);
    const penalised = fit('logistic', problem, { l2: 0.001 }) as LogisticModel;
    expect(penalised.converged).toBe(true);
  });
});

/** The largest slope of the mean objective by a standardised weight or intercept, computed here. */
function slopeOf({ x, y, classes, rows, weights: rowWeights }: Problem, model: LogisticModel): number {
  const gradient = new Float64Array(classes * (columns + 1));
  const means = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let f = 0; f < columns; f++) means[f] += x[row * columns + f] / rows;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const scores = Array.from(model.intercepts, (bias, k) => {
      let score = bias;
      for (let f = 0; f < columns; f++) score += x[row * columns + f] * model.weights[f * classes + k];
      return score;
    });
    const highest = Math.max(...scores);
    const sum = scores.reduce((all, score) => all + Math.exp(score - highest), 0);
    const weight = rowWeights ? rowWeights[row] : 1;
    total += weight;
    scores.forEach((score, k) => {
      const residual = weight * (Math.exp(score - highest) / sum - (y[row] === k ? 1 : 0));
      for (let f = 0; f < columns; f++)
        gradient[k * (columns + 1) + f] += residual * (x[row * columns + f] - means[f]);
      gradient[k * (columns + 1) + columns] += residual;
    });
    for (let f = 0; f < columns; f++) squares[f] += (x[row * columns + f] - means[f]) ** 2 / rows;
  }
  let most = 0;
  for (let k = classes === 2 ? 1 : 0; k < classes; k++) {
    most = Math.max(most, Math.abs(gradient[k * (columns + 1) + columns]) / total);
    for (let f = 0; f < columns; f++) {
      const slope = gradient[k * (columns + 1) + f] + model.weights[f * classes + k];
      most = Math.max(most, Math.abs(slope) / total / Math.sqrt(squares[f]));
    }
  }
  return most;
}

/** Classes by three features, with noise. */
function manyRows(rows: number, classes: number): Problem {
  const random = new Random(rows);
  const x = Float32Array.from({ length: rows * columns }, () => unit(random) + unit(random));
  const y = Float64Array.from({ length: rows }, (_, row) => {
    const value = x[row * columns] + x[row * columns + 1] * x[row * columns + 2] + 0.7 * unit(random);
    return Math.max(0, Math.min(classes - 1, Math.floor(((value + 2) * classes) / 4)));
  });
  return problemFrom(x, y, columns, classes);
}

function logLoss({ x, y, classes, train, weights: rowWeights }: LabelledRows, weights: Float64Array): number {
  let loss = 0;
  for (const row of train) {
    const held = classes === 2 ? 1 : 0;
    const scores = Array.from({ length: classes }, (_, k) => {
      if (k < held) return 0;
      const start = (k - held) * (columns + 1);
      let score = weights[start + columns];
      for (let f = 0; f < columns; f++) score += x[row * columns + f] * weights[start + f];
      return score;
    });
    const highest = Math.max(...scores);
    const sum = scores.reduce((all, score) => all + Math.exp(score - highest), 0);
    loss += (rowWeights ? rowWeights[row] : 1) * (highest - scores[y[row]] + Math.log(sum));
  }
  return loss;
}
