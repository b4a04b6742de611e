import { expect, test } from 'vitest';
import { scoreFold } from '../../compute/thread.ts';
import type { FittedEncoders } from '../../learning/encoders/fitted.ts';
import { assembleModel } from '../../learning/onnx/assemble.ts';
import { decodeModel } from '../../learning/onnx/decode.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { find, fit, generate, load, scaled } from './learnersData.ts';

/** Whoever reads a run or opens a model's file learns whether its fit came to an end. */

const classes = scaled(generate(300, 6, 3, 1));
const numbers = generate(300, 6, 1, 2);
const iterating = [...shelf.values()].filter((learner) => 'convergence' in learner);

test.each(iterating.map(({ name }) => name))('%s tells of the default tolerance that it kept', (name) => {
  const problem = find(name).tasks.includes('regression') ? numbers : classes;
  const end = find(name).convergence?.(fit(name, problem));
  const { tolerance } = find(name).params.parse({}) as { tolerance: number };
  expect(end?.converged).toBe(true);
  expect(end?.iterations).toBeGreaterThan(0);
  expect(end?.residual).toBeLessThanOrEqual(tolerance);
});

test.each(iterating.map(({ name }) => name))('%s says so when it is stopped short', (name) => {
  const problem = find(name).tasks.includes('regression') ? load('friedman') : load('digits');
  // A penalty that leaves something to be learned.
  const penalty = 'alpha' in find(name).params.parse({}) ? { alpha: 0.01 } : {};
  const end = find(name).convergence?.(fit(name, problem, { ...penalty, maxIterations: 1, tolerance: 1e-9 }));
  expect(end).toMatchObject({ converged: false, iterations: 1 });
  expect(end?.residual).toBeGreaterThan(1e-9);
});

test('a fold has it among its scores, without it where nothing iterates', () => {
  const task = { problem: classes, seed: 1, fold: { test: classes.train.slice(0, 60) }, learner: 'logistic' };
  const score = (learner: string, params: object) =>
    scoreFold({ ...task, learner, params: find(learner).params.parse(params) });
  expect(score('logistic', { l1: 1 })).toMatchObject({ metrics: { converged: 1 } });
  expect(score('logistic', { maxIterations: 1 })).toMatchObject({ metrics: { converged: 0, iterations: 1 } });
  expect(Object.keys((score('naiveBayes', {}) as { metrics: object }).metrics)).not.toContain('converged');
});

test("it stands in the model's file", () => {
  const model = fit('logistic', classes);
  const columns = Array.from({ length: classes.columns }, (_, f) => `x${f}`);
  const encoders: FittedEncoders = {
    inputs: columns.map((name) => ({ name, columnType: 'number' })),
    blocks: [{ kind: 'passthrough', columns, fill: columns.map(() => 0) }],
    features: columns,
    dropped: [],
  };
  const bytes = assembleModel(encoders, find('logistic'), model, { classes: '["a","b","c"]' });
  expect(decodeModel(bytes).metadata.convergence).toBe(JSON.stringify(find('logistic').convergence?.(model)));
});
