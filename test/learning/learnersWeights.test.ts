import { describe, expect, test } from 'vitest';
import type { RidgeModel } from '../../learning/learners/ridge.ts';
import { refuseClassWeight, weightsOf } from '../../learning/learners/weights.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, generate, load, predict, problemFrom, scaled, weighed } from './learnersData.ts';

/** What must hold of rows and classes with weights, whatever the learner. */

const classes = generate(300, 4, 3, 1, 20);
const numbers = generate(300, 4, 1, 2, 20);
const ones = (problem: Problem): Problem => ({ ...problem, weights: new Float64Array(problem.rows).fill(1) });

describe('weights of 1 change no digit', () => {
  test.each([
    ['forest', classes, { trees: 7 }],
    ['forest', numbers, { trees: 7, minLeaf: 3 }],
    ['extraTrees', classes, { trees: 7 }],
    ['extraTrees', numbers, { trees: 7 }],
    ['tree', generate(300, 4, 2, 1), {}],
    ['tree', generate(600, 4, 6, 1), {}],
    ['boosting', classes, { rounds: 10, rowShare: 0.7 }],
    ['boosting', generate(300, 4, 2, 3), { rounds: 10, patience: 3 }],
    ['boosting', numbers, { rounds: 10, loss: 'quantile', quantile: 0.8 }],
    ['logistic', classes, {}],
    ['logistic', classes, { l1: 2 }],
    ['linearSvm', classes, {}],
    ['linearSvm', scaled(classes), { loss: 'hinge' }],
    ['naiveBayes', classes, {}],
    ['ridge', numbers, {}],
    ['lasso', numbers, {}],
    ['elasticNet', numbers, {}],
  ] as const)('%s %#', (name, problem, params) => {
    expect(fit(name, ones(problem), params)).toEqual(fit(name, problem, params));
  });
});

describe('a row of weight 2 is a row that stands there twice', () => {
  test.each([
    ['tree', classes, { maxDepth: 3 }, 1e-6],
    ['tree', numbers, { maxDepth: 3 }, 1e-5],
    ['boosting', numbers, { minLeaf: 1, rounds: 5, l2: 1 }, 1e-4],
    ['logistic', classes, {}, 1e-6],
    ['logistic', classes, { l1: 2 }, 1e-5],
    ['linearSvm', scaled(classes), { tolerance: 1e-9, maxIterations: 100_000 }, 1e-1],
    ['naiveBayes', classes, {}, 1e-6],
    ['ridge', numbers, {}, 1e-4],
    ['elasticNet', numbers, { alpha: 0.2 }, 1e-4],
  ] as const)('%s %#', (name, problem, params, tolerance) => {
    const { rows, columns, x, y } = problem;
    const count = (row: number) => 1 + (row % 3 === 0 ? 2 : row % 2);
    const weights = Float64Array.from(y, (_, row) => count(row));
    const listed = Int32Array.from(y.keys()).reduce<number[]>((all, row) => {
      for (let n = 0; n < count(row); n++) all.push(row);
      return all;
    }, []);
    const many = problemFrom(
      Float32Array.from(listed.flatMap((row) => [...x.subarray(row * columns, (row + 1) * columns)])),
      Float64Array.from(listed, (row) => y[row]),
      columns,
      problem.classes,
    );
    const once = predict(name, fit(name, { ...problem, weights }, params), problem);
    const twice = predict(name, fit(name, many, params), problem);
    const plain = predict(name, fit(name, problem, params), problem);
    const apart = (a: Float64Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - twice[i])), 0);
    expect(apart(once)).toBeLessThanOrEqual(tolerance);
    expect(rows).toBe(300);
    expect(apart(plain)).toBeGreaterThan(Math.min(apart(once), 1e-3));
  });
});

test('trees do not care what a weight of 1 is', () => {
  const problem = weighed(load('cancer'));
  const less = { ...problem, weights: problem.weights?.map((weight) => weight / 1024) };
  expect(fit('forest', less, { trees: 5 })).toEqual(fit('forest', problem, { trees: 5 }));
  const { weights: one } = fit('ridge', ones(numbers), { l2: 0 }) as RidgeModel;
  const { weights: two } = fit(
    'ridge',
    { ...numbers, weights: new Float64Array(300).fill(8) },
    { l2: 0 },
  ) as RidgeModel;
  one.forEach((weight, f) => expect(two[f]).toBeCloseTo(weight, 10));
});

describe('class weights', () => {
  const byName: Problem = { ...classes, classNames: ['low', 'middle', 'high'] };

  test.each(['forest', 'extraTrees', 'tree', 'boosting', 'logistic', 'linearSvm', 'naiveBayes'])(
    '%s weighs every row of the class, by its name',
    (name) => {
      const size =
        name === 'boosting' ? { rounds: 3 } : name.endsWith('s') && name !== 'naiveBayes' ? { trees: 3 } : {};
      const weights = Float64Array.from(classes.y, (k) => (k === 2 ? 7 : 1));
      const given = fit(name, byName, { ...size, classWeight: { high: 7 } });
      expect(given).toEqual(fit(name, { ...classes, weights }, size));
      expect(given).not.toEqual(fit(name, classes, size));
      expect(fit(name, classes, { ...size, classWeight: null })).toEqual(fit(name, classes, size));
    },
  );

  test('balanced gives each class the same sum over the rows to learn from, and keeps the whole', () => {
    const train = classes.train.filter((row) => row % 5 !== 0 && (classes.y[row] !== 1 || row % 2 === 0));
    for (const problem of [
      { ...classes, train },
      { ...weighed(classes), train },
    ]) {
      const weights = weightsOf(problem, 'balanced') as Float64Array;
      const sums = [0, 0, 0];
      let before = 0;
      for (const row of train) {
        sums[problem.y[row]] += weights[row];
        before += problem.weights ? problem.weights[row] : 1;
      }
      for (const sum of sums) expect(sum).toBeCloseTo(before / 3, 8);
    }
  });

  test('of what is no class, or of numbers, are refused with what would be right', () => {
    expect(refuseClassWeight({ yes: 2 }, ['no', 'yes'])).toBeUndefined();
    expect(refuseClassWeight({ 1: 2 }, [0, 1])).toBeUndefined();
    expect(refuseClassWeight({ maybe: 2 }, ['no', 'yes'])).toBe(
      'weights by class, and "maybe" is none of no, yes',
    );
    expect(refuseClassWeight('balanced', undefined)).toMatch(/the target is a number/);
  });
});
