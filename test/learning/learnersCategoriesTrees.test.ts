import { describe, expect, test } from 'vitest';
import type { TreeModel } from '../../learning/learners/trees/model.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { accuracyOf, fit, generate, named, predict, problemFrom, weighed } from './learnersData.ts';

/** Trees, forests and extra trees cut categories into sets: the best one there is, a drawn one, and who goes along with it. */

const TEN = 10;

/** Ten categories of which each has a share of its own of every class, or a mean of its own. */
function tenCategories(classes: number, seed: number): Problem {
  const random = new Random(seed);
  const x = Float32Array.from({ length: 400 }, () => 1 + random.below(TEN));
  const effects = Array.from({ length: TEN + 1 }, () => Array.from({ length: classes }, () => random.unit()));
  const y = Float64Array.from(x, (category) => {
    const of = effects[category];
    if (classes === 1) return of[0] + random.unit();
    let rest = random.unit() * of.reduce((a, b) => a + b);
    let k = 0;
    while (k < classes - 1 && (rest -= of[k]) > 0) k++;
    return k;
  });
  return named(problemFrom(x, y, 1, classes), [TEN]);
}

/** What a cut saves: |S left|^2 / W left + |S right|^2 / W right, S being the weight by class or the sum of the target. */
function scoreOf({ x, y, classes, weights }: Problem, isLeft: (category: number) => boolean): number {
  const sums = [new Float64Array(classes), new Float64Array(classes)];
  const totals = [0, 0];
  y.forEach((value, row) => {
    const side = Number(isLeft(x[row]));
    const weight = weights?.[row] ?? 1;
    totals[side] += weight;
    if (classes === 1) sums[side][0] += weight * value;
    else sums[side][value] += weight;
  });
  const part = (side: number) => sums[side].reduce((sum, value) => sum + value * value, 0) / totals[side];
  return part(0) + part(1);
}

const setsOf = (problem: Problem): number[] => {
  const scores = [];
  for (let set = 1; set < 1 << (TEN - 1); set++)
    scores.push(scoreOf(problem, (category) => ((set >> (category - 1)) & 1) === 1));
  return scores;
};

/** What the first cut of a tree saves. */
function foundBy(problem: Problem): number {
  const model = fit('tree', problem, { maxDepth: 1 }) as TreeModel;
  const words = model.ensemble.sets?.words ?? new Int32Array(8);
  return scoreOf(problem, (category) => ((words[0] >> category) & 1) === 1);
}

describe.each([1, 2, 3, 4, 5])('the first cut, seed %i,', (seed) => {
  test.each([
    ['numbers', tenCategories(1, seed)],
    ['weighted numbers', weighed(tenCategories(1, seed))],
    ['two classes', tenCategories(2, seed)],
    ['two classes with weights', weighed(tenCategories(2, seed))],
  ])('of %s is the best of all 511 sets', (_case, problem) => {
    expect(foundBy(problem) / Math.max(...setsOf(problem))).toBeCloseTo(1, 12);
  });
});

test('of more classes the first cut saves nearly what the best of all sets does', () => {
  for (const [classes, least] of [
    [3, 0.99],
    [6, 0.95],
  ]) {
    const shares = [1, 2, 3, 4, 5, 6].map((seed) => {
      const problem = tenCategories(classes, seed);
      const uncut = problem.y.length * sumOfSquares(problem);
      return (foundBy(problem) - uncut) / (Math.max(...setsOf(problem)) - uncut);
    });
    expect(shares.reduce((a, b) => a + b) / shares.length).toBeGreaterThan(least);
  }
});

function sumOfSquares({ y, classes }: Problem): number {
  const shares = new Float64Array(classes);
  for (const value of y) shares[value] += 1 / y.length;
  return shares.reduce((sum, share) => sum + share * share, 0);
}

test.each([
  ['tree', generate(700, 4, 2, 3, 40), { maxDepth: 6 }],
  ['tree', generate(700, 4, 1, 3, 40), { maxDepth: 6 }],
  ['forest', generate(700, 4, 2, 3, 40), { trees: 5, maxFeatures: 'all' }],
] as const)('other numbers for the same categories are the same %s', (name, sized, params) => {
  const order = Int32Array.from({ length: 39 }, (_, i) => i + 1);
  new Random(1).shuffle(order);
  // Whole numbers, so that no sum depends on the order in which it is taken.
  const whole = { ...sized, y: sized.y.map(Math.round) };
  const { x, columns } = whole;
  const renamed = x.map((value, i) => (i % columns < 2 && value > 0 ? order[value - 1] : value));
  const [problem, other] = [whole, { ...whole, x: renamed }].map((of) => named(of, [39, 39, 0, 0]));
  const answers = predict(name, fit(name, problem, params), problem);
  expect(new Set(answers).size).toBeGreaterThan(5);
  expect(predict(name, fit(name, other, params), other)).toEqual(answers);
});

describe('rows of no category, and of one that a node lacks,', () => {
  /** So many rows of each category from 0 on, and the number that each answers. */
  function stump(counts: number[], values: number[]): (category: number) => number {
    const x = Float32Array.from(counts.flatMap((count, category) => new Array<number>(count).fill(category)));
    const problem = named(
      problemFrom(
        x,
        Float64Array.from(x, (category) => values[category]),
        1,
        1,
      ),
      [20],
    );
    const model = fit('tree', problem, { maxDepth: 1 });
    return (category) => predict('tree', model, { ...problem, x: Float32Array.of(category) })[0];
  }

  test('go the way of those with none, which are ranked like a category', () => {
    for (const none of [0, 1]) {
      const ask = stump([5, 30, 30, 30], [none, 1, 0, 1]);
      expect([1, 2, 3].map(ask).map(Math.round)).toEqual([1, 0, 1]);
      for (const other of [0, 4, 20, NaN, -1, 1.5, 257, 1e9, Infinity])
        expect(Math.round(ask(other))).toBe(none);
    }
  });

  test('go where more rows go, if none has none', () => {
    for (const most of [0, 1]) {
      const ask = stump([0, 10, 30, 10], [0, 1 - most, most, 1 - most]);
      expect([1, 2, 3].map(ask)).toEqual([1 - most, most, 1 - most]);
      for (const other of [0, 4, 20, NaN, 33]) expect(ask(other)).toBe(most);
    }
  });
});

test('least rows of a leaf hold for sets too', () => {
  const problem = named(generate(300, 2, 1, 4, 30), [29, 29]);
  for (const name of ['tree', 'extraTrees']) {
    const model = fit(name, problem, { minLeaf: 40, ...(name === 'tree' ? {} : { trees: 1 }) });
    const answers = predict(name, model, problem);
    const rows = new Map<number, number>();
    for (const answer of answers) rows.set(answer, (rows.get(answer) ?? 0) + 1);
    expect(rows.size).toBeGreaterThan(2);
    expect(Math.min(...rows.values())).toBeGreaterThanOrEqual(40);
  }
});

test('extra trees draw every set of four categories, and about as often', () => {
  const x = Float32Array.from({ length: 400 }, (_, i) => 1 + (i % 4));
  const problem = named(problemFrom(x, Float64Array.from(x), 1, 1), [4]);
  const { ensemble } = fit('extraTrees', problem, { trees: 700, maxDepth: 1 }) as TreeModel;
  const seen = new Map<number, number>();
  ensemble.sets?.words.forEach((word, i) => {
    // A set and its complement are the same cut.
    if (i % 8 === 0) seen.set(Math.min(word, 30 - word), (seen.get(Math.min(word, 30 - word)) ?? 0) + 1);
  });
  expect([...seen.keys()].sort((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14]);
  // 100 each, with a deviation of 9.3.
  for (const count of seen.values()) expect(Math.abs(count - 100)).toBeLessThan(45);
});

describe('of 40 categories in no order, some of which are high', () => {
  const random = new Random(8);
  const isHigh = Array.from({ length: 41 }, () => random.below(2));
  const x = Float32Array.from({ length: 2400 }, (_, i) =>
    i % 2 === 0 ? 1 + random.below(40) : random.below(50),
  );
  const y = Float64Array.from({ length: 1200 }, (_, row) =>
    random.below(10) === 0 ? random.below(2) : isHigh[x[2 * row]],
  );
  const byName = named(problemFrom(x, y, 2, 2), [40, 0]);
  const hot = problemFrom(
    Float32Array.from({ length: 1200 * 41 }, (_, i) => {
      const row = Math.floor(i / 41);
      return i % 41 === 40 ? x[2 * row + 1] : Number(x[2 * row] === (i % 41) + 1);
    }),
    y,
    41,
    2,
  );

  /** Accuracy on every third row. */
  const score = (name: string, problem: Problem, params: object) => {
    const test = problem.train.filter((row) => row % 3 === 0);
    const train = problem.train.filter((row) => row % 3 !== 0);
    const answers = predict(name, fit(name, { ...problem, train }, params), problem, test);
    const truth = Float64Array.from(test, (row) => y[row]);
    return accuracyOf(answers, truth, 2);
  };

  test.each([
    ['tree', { maxDepth: 3 }],
    ['forest', { maxDepth: 3, trees: 20, maxFeatures: 'all' }],
    ['extraTrees', { maxDepth: 4, trees: 40, maxFeatures: 'all' }],
  ] as const)('a %s knows more by name than one-hot at the same depth', (name, params) => {
    const found = score(name, byName, params);
    // One row in twenty is wrong by chance.
    expect(found).toBeGreaterThan(0.9);
    expect(found).toBeGreaterThan(score(name, hot, params) + 0.1);
  });
});
