import { describe, expect, test } from 'vitest';
import { refuseMonotone } from '../../learning/learners/boosting/rules.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, gappy, generate, load, predict, weighed } from './learnersData.ts';

/** Boosting with a direction answers in that direction, at every value of the other features. */

/** How much an answer moves against the direction, at most, over `rows` rows and 60 values of the feature each. */
function violation(problem: Problem, params: object, feature: number, sign: number, seed: number): number {
  const { columns, x } = problem;
  const model = fit('boosting', problem, params, seed);
  const values = Float32Array.from(problem.binned.edges[feature]);
  const steps = Float32Array.from(
    { length: 60 },
    (_, i) => values[Math.floor((i * values.length) / 60)],
  ).sort();
  const random = new Random(seed);
  let most = 0;
  for (let n = 0; n < 40; n++) {
    const row = random.below(problem.rows);
    const rows = new Float32Array(60 * columns);
    for (let i = 0; i < 60; i++) {
      rows.set(x.subarray(row * columns, (row + 1) * columns), i * columns);
      rows[i * columns + feature] = steps[i];
    }
    const answers = predict('boosting', model, { ...problem, x: rows });
    const own = answers.filter((_, i) => i % problem.classes === (problem.positive ?? problem.classes - 1));
    for (let i = 1; i < own.length; i++) most = Math.max(most, sign * (own[i - 1] - own[i]));
  }
  return most;
}

const numbers = load('friedman');
const two = generate(600, 4, 2, 3, 1000);
const cases: [string, Problem, object][] = [
  ['numbers', numbers, {}],
  ['numbers with weights and gaps', gappy(weighed(numbers)), {}],
  ['numbers, rows and columns drawn', numbers, { rowShare: 0.6, columnShare: 0.6, l2: 3 }],
  ['two classes', two, { minLeaf: 3 }],
  ['two classes, the first being the positive one', { ...two, positive: 0 }, { classWeight: 'balanced' }],
  ['two classes with gaps', gappy(two), { patience: 20 }],
];

describe.each(cases)('%s', (_name, problem, params) => {
  test.each([0, 1, 3])('feature %d rises or falls', (feature) => {
    for (const [way, sign] of [
      ['increasing', 1],
      ['decreasing', -1],
    ] as const) {
      const monotone = { [feature]: way };
      expect(
        violation(problem, { rounds: 60, ...params, monotone }, feature, sign, feature + 1),
      ).toBeLessThanOrEqual(0);
    }
    const free = [1, -1].map((sign) =>
      violation(problem, { rounds: 60, ...params }, feature, sign, feature + 1),
    );
    expect(Math.max(...free)).toBeGreaterThan(0);
  });
});

test('a direction that is there anyway costs little', () => {
  const error = (params: object) => {
    const train = numbers.train.filter((row) => row % 3 !== 0);
    const rows = numbers.train.filter((row) => row % 3 === 0);
    const answers = predict('boosting', fit('boosting', { ...numbers, train }, params), numbers, rows);
    return answers.reduce((sum, answer, i) => sum + (answer - numbers.y[rows[i]]) ** 2, 0) / rows.length;
  };
  expect(error({ monotone: { 3: 'increasing', 4: 'increasing' } })).toBeLessThan(1.1 * error({}));
});

describe('what is no direction is refused', () => {
  const features = [
    { name: 'price', column: 'price', rises: true },
    { name: 'price_bucket', column: 'price', rises: true },
    { name: 'at_hour_sin', column: 'at', rises: false },
    { name: 'at_hour_cos', column: 'at', rises: false },
  ];

  test('by the names of columns and features', () => {
    expect(refuseMonotone({ price: 'increasing', at_hour_sin: 'decreasing' }, 2, features)).toBeUndefined();
    expect(refuseMonotone({ prize: 'increasing' }, 2, features)).toBe(
      'columns or features, and "prize" is none of price, price_bucket, at_hour_sin, at_hour_cos',
    );
    expect(refuseMonotone({ at: 'increasing' }, 1, features)).toMatch(/"at" is encoded without its order/);
    expect(refuseMonotone({ price: 'increasing' }, 3, features)).toMatch(/3 classes share/);
  });

  test('with quantiles, whose leaves no bound on the mean holds', () => {
    const { params } = find('boosting');
    const monotone = { price: 'increasing' };
    expect(params.safeParse({ monotone }).success).toBe(true);
    expect(params.safeParse({ monotone, loss: 'absolute' }).error?.issues[0]).toMatchObject({
      path: ['monotone'],
    });
    expect(params.safeParse({ monotone: { price: 'up' } }).success).toBe(false);
  });

  test('by a column of several features all rise', () => {
    const problem = { ...generate(300, 4, 1, 2, 20), features };
    expect(fit('boosting', problem, { rounds: 3, monotone: { price: 'increasing' } })).toEqual(
      fit('boosting', problem, { rounds: 3, monotone: { price: 'increasing', price_bucket: 'increasing' } }),
    );
  });
});
