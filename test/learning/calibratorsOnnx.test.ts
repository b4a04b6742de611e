import { describe, expect, test } from 'vitest';
import { openExplainer } from '../../compute/explainer.ts';
import { withSession } from '../../compute/session.ts';
import { calibrated } from '../../learning/calibrators/calibrated.ts';
import {
  addCalibrator,
  calibrate,
  fitCalibrator,
  type Calibrator,
} from '../../learning/calibrators/calibrator.ts';
import { linesOf } from '../../learning/calibrators/lines.ts';
import { NotExplained } from '../../learning/explain/notExplained.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, generate, load, predict, scaled } from './learnersData.ts';

/** ONNX Runtime answers calibrated models as the calibrator does, to the last bit where the learner's answers are exact. */

const cancer = load('cancer');
const digits = load('digits');
const three = generate(700, 5, 3, 1);

describe.each(['sigmoid', 'isotonic'] as const)('%s', (method) => {
  test.each([
    ['forest', 'two classes', cancer, { trees: 20 }],
    ['forest', 'ten classes', digits, { trees: 20 }],
    ['boosting', 'two classes', generate(700, 5, 2, 1), { rounds: 10 }],
    ['boosting', 'three classes', three, { rounds: 10 }],
    ['tree', 'three classes', three, { maxDepth: 4 }],
    ['neighbors', 'ten classes', digits, { k: 10 }],
    ['logistic', 'two classes', scaled(cancer), {}],
    ['logistic', 'three classes', three, {}],
    ['linearSvm', 'two classes', scaled(cancer), {}],
    ['naiveBayes', 'two classes', cancer, {}],
    ['naiveBayes', 'ten classes', digits, {}],
  ] as const)('of %s, %s', async (name, _case, problem, params) => {
    const { bytes, answers } = calibratedModel(method, name, problem, params);
    const found = await withSession(bytes, (session) => session.predict(batchOf(problem)));
    expect(worst(answers, found.probabilities)).toBeLessThan(1e-6);
    expect(found.labels).toEqual(argmax(answers, problem.classes));
    if (method === 'isotonic') expect(found.probabilities).toEqual(Float32Array.from(answers));
  });
});

test('at the points, between neighbouring floats and beyond the ends, with many points', async () => {
  const random = new Random(3);
  const functions = Array.from({ length: 3 }, (_, k) => {
    const x = Float64Array.from(
      new Set(Array.from({ length: [1, 2, 5000][k] }, () => Math.fround(random.unit() ** 4))),
    ).sort();
    return { x, y: Float64Array.from(x, () => random.unit()).sort() };
  });
  const calibrator: Calibrator = { method: 'isotonic', ...linesOf(functions) };
  const near = functions.flatMap(({ x }) => Array.from(x)).flatMap((x) => [x, beside(x, -1), beside(x, 1)]);
  const scores = Float32Array.from([0, 1, ...near, ...Array.from({ length: 999 }, () => random.unit())]);
  const rows = Math.floor(scores.length / 3);
  const own = calibrate(calibrator, Float64Array.from(scores.subarray(0, rows * 3)), 3);

  const graph = createGraphBuilder();
  const columns = ['a', 'b', 'c'].map((name) => graph.input(name, 'double'));
  const [wide] = graph.node('Concat', columns, { axis: { int: 1 } });
  const [probabilities] = graph.node('Cast', [wide], { to: { int: 1 } });
  const outputs = addCalibrator(calibrator, graph, probabilities, 3);
  graph.output('label', outputs.label, 'int64', ['N']);
  graph.output('probabilities', outputs.probabilities, 'float', ['N', 3]);
  const column = (c: number) => Float64Array.from({ length: rows }, (_, i) => scores[3 * i + c]);
  const batch = { rows, columns: { a: column(0), b: column(1), c: column(2) } };
  const found = await withSession(graph.build({}), (session) => session.predict(batch));
  expect(worst(own, found.probabilities)).toBeLessThan(1e-7);
  expect(found.labels).toEqual(argmax(own, 3));
});

test.each(['sigmoid', 'isotonic'] as const)('%s twice gives the same bytes', (method) => {
  const bytes = () => calibratedModel(method, 'forest', cancer, { trees: 5 }).bytes;
  expect(Buffer.compare(bytes(), bytes())).toBe(0);
});

describe('Shapley values', () => {
  test.each([
    ['two classes', cancer, 'binary', 1],
    ['ten classes', digits, 'multiclass', 10],
  ] as const)('of a forest through sigmoids are exact, %s', async (_case, problem, task, outputs) => {
    const { bytes, answers } = calibratedModel('sigmoid', 'forest', problem, { trees: 10 });
    const batch = batchOf(problem);
    const columns = Object.keys(batch.columns);
    const explainer = await openExplainer(bytes, { task, columns }, { batch, answers });
    const { explained } = explainer.model;
    expect([explained, explainer.model.outputs]).toEqual(['logOdds', outputs]);
    const whole = explainer.of();
    const parts = whole.explain(problem.x, 0);
    for (let k = 0; k < outputs; k++) {
      const sum = columns.reduce((all, _, c) => all + parts[c * outputs + k], whole.base[k]);
      expect(sum).toBeCloseTo(whole.score(problem.x, 0)[k], 9);
    }
    if (task === 'binary')
      expect(whole.score(problem.x, 0)[0]).toBeCloseTo(Math.log(answers[1] / answers[0]), 4);
    await explainer.release();
  });

  test.each([
    ['isotonic', 'forest', cancer, /Min/],
    ['isotonic', 'forest', digits, /Where/],
    ['sigmoid', 'boosting', three, /Softmax/],
    ['sigmoid', 'logistic', scaled(cancer), /Softmax/],
  ] as const)('by %s of %s are none that can be read, and it says so', async (method, name, problem, why) => {
    const params = name === 'logistic' ? {} : name === 'boosting' ? { rounds: 5 } : { trees: 5 };
    const { bytes, answers } = calibratedModel(method, name, problem, params);
    const batch = batchOf(problem);
    const { task } = problem;
    const opened = openExplainer(bytes, { task, columns: Object.keys(batch.columns) }, { batch, answers });
    await expect(opened).rejects.toThrow(why);
    await expect(opened).rejects.toBeInstanceOf(NotExplained);
  });
});

/** Calibrated on every third row, which it did not learn from. */
function calibratedModel(method: 'sigmoid' | 'isotonic', name: string, problem: Problem, params: object) {
  const { columns, classes, x } = problem;
  const held = problem.train.filter((row) => row % 3 === 0);
  const model = fit(name, { ...problem, train: problem.train.filter((row) => row % 3 !== 0) }, params);
  const calibrator = fitCalibrator(method, {
    classes,
    probabilities: predict(name, model, problem, held),
    y: Float64Array.from(held, (row) => problem.y[row]),
  });
  const answering = calibrated(find(name), calibrator, classes);
  const graph = createGraphBuilder();
  const inputs = Array.from({ length: columns }, (_, c) => graph.input(`c${c}`, 'double'));
  const [wide] = graph.node('Concat', inputs, { axis: { int: 1 } });
  const outputs = answering.toOnnx(model, graph, graph.node('Cast', [wide], { to: { int: 1 } })[0]);
  if (!('label' in outputs)) throw new Error(`${name} answers numbers`);
  graph.output('label', outputs.label, 'int64', ['N']);
  graph.output('probabilities', outputs.probabilities, 'float', ['N', classes]);
  return { bytes: graph.build({}), answers: answering.predict(model, x, columns) };
}

function batchOf({ x, rows, columns }: Problem) {
  const column = (c: number) => Float64Array.from({ length: rows }, (_, i) => x[i * columns + c]);
  return {
    rows,
    columns: Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, column(c)])),
  };
}

function worst(own: Float64Array, found: Float32Array = new Float32Array()): number {
  expect(found.length).toBe(own.length);
  return own.reduce((most, value, i) => Math.max(most, Math.abs(found[i] - value)), 0);
}

/** The next float32 above or below, for numbers above 0. */
function beside(value: number, by: 1 | -1): number {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] += by;
  return new Float32Array(bits.buffer)[0];
}
