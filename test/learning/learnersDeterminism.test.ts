import { describe, expect, test } from 'vitest';
import { shelf } from '../../learning/learners/shelf.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, generate, predict, problemFrom } from './learnersData.ts';

/** A model is a function of the rows, the hyperparameters and the seed: not of the cut into calls, nor of what ran before. */

const problems = { classes: generate(300, 6, 3, 1), numbers: generate(300, 6, 1, 2) };
const cases = [...shelf.values()].flatMap((learner) =>
  Object.values(problems)
    .filter((problem) => learner.tasks.includes(problem.task))
    .map((problem) => ({
      name: learner.name,
      task: problem.task,
      problem: learner.name === 'baselineForest' ? first(problem, 60) : problem,
    })),
);

describe.each(cases)('$name, $task', ({ name, problem }) => {
  const learner = find(name);
  const params = learner.params.safeParse({ trees: 7 }).data ?? learner.params.parse({});
  const units = learner.units(params);
  const whole = fit(name, problem, params);

  test('fitted again it is the same', () => {
    expect(fit(name, problem, params)).toEqual(whole);
  });

  test('fitted in parts it is the same', () => {
    const ends = [...new Set([0, 1, Math.min(3, units), units])];
    const parts = ends.slice(1).map((to, i) => learner.fit(problem, params, 1, ends[i], to));
    expect(learner.join(parts)).toEqual(whole);
  });

  test('shared memory changes nothing', () => {
    const shared = Float32Array.from(problem.x);
    const onShared = new Float32Array(new SharedArrayBuffer(shared.byteLength));
    onShared.set(shared);
    expect(fit(name, { ...problem, x: onShared }, params)).toEqual(whole);
  });

  test('it survives structured clone, and predicts rows by index as by themselves', () => {
    const copy = structuredClone(whole);
    const all = predict(name, copy, problem);
    const index = Int32Array.of(5, 3, 77, 5);
    const width = all.length / problem.rows;
    const chosen = Array.from(index).flatMap((row) =>
      Array.from(all.subarray(row * width, (row + 1) * width)),
    );
    expect(Array.from(predict(name, copy, problem, index))).toEqual(chosen);
  });

  test('rows outside of train are not looked at', () => {
    const half = first(problem, problem.train.length / 2);
    const y = problem.y.slice();
    const x = problem.x.slice();
    y.fill(0, half.train.length);
    x.fill(0, half.train.length * problem.columns);
    expect(fit(name, { ...half, x, y }, params)).toEqual(fit(name, half, params));
  });
});

test('another seed grows another forest', () => {
  expect(fit('forest', problems.classes, { trees: 2 }, 1)).not.toEqual(
    fit('forest', problems.classes, { trees: 2 }, 2),
  );
});

test('a forest of more trees begins with the same trees', () => {
  const structure = (trees: number) =>
    fit('forest', problems.classes, { trees }) as { ensemble: { feature: Int32Array } };
  const few = structure(3).ensemble.feature;
  expect(structure(9).ensemble.feature.slice(0, few.length)).toEqual(few);
});

test('the order of the rows does not change a tree of classes', () => {
  const { x, y, columns, classes, rows } = problems.classes;
  const order = Array.from({ length: rows }, (_, i) => (i * 7) % rows).filter(
    (row, i, all) => all.indexOf(row) === i,
  );
  expect(order.length).toBe(rows);
  const mixed = problemFrom(
    Float32Array.from(order.flatMap((row) => Array.from(x.subarray(row * columns, (row + 1) * columns)))),
    Float64Array.from(order, (row) => y[row]),
    columns,
    classes,
  );
  expect(fit('tree', mixed)).toEqual(fit('tree', problems.classes));
});

function first(problem: Problem, rows: number): Problem {
  return { ...problem, train: problem.train.slice(0, rows) };
}
