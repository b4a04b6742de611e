import { expect, test } from 'vitest';
import { binMatrix } from '../../learning/binning.ts';
import type { BoostingModel } from '../../learning/learners/boosting/model.ts';
import { addAnswers } from '../../learning/learners/boosting/grownTree.ts';
import { Random } from '../../learning/rng.ts';
import { fit, generate, named, predict, problemFrom, weighed } from './learnersData.ts';

/** Features that name categories are cut into sets, and their numbers mean nothing else. */

/** One set is found, and shrunk by nothing. */
const bare = { rounds: 1, learningRate: 1, leaves: 2, minLeaf: 1, categorySmoothing: 0, categoryL2: 0 };

test.each([3, 4, 5, 6])('the first cut of regression is the best of all 511 sets, seed %i', (seed) => {
  const random = new Random(seed);
  const categories = 10;
  const x = Float32Array.from({ length: 300 }, () => 1 + random.below(categories));
  const effect = Array.from({ length: categories + 1 }, () => random.unit());
  const y = Float64Array.from(x, (category) => effect[category] + random.unit());
  const problem = named(problemFrom(x, y, 1, 1), [categories]);
  const model = fit('boosting', problem, { ...bare, minCategoryRows: 1 });
  const answers = predict('boosting', model, problem);
  const found = y.reduce((sum, value, i) => sum + (value - answers[i]) ** 2, 0);
  let least = Infinity;
  for (let set = 1; set < 1 << (categories - 1); set++) {
    const sums = [0, 0];
    const squares = [0, 0];
    const rows = [0, 0];
    y.forEach((value, i) => {
      const side = (set >> (x[i] - 1)) & 1;
      sums[side] += value;
      squares[side] += value * value;
      rows[side]++;
    });
    const error = (side: number) => squares[side] - (sums[side] * sums[side]) / rows[side];
    least = Math.min(least, error(0) + error(1));
  }
  expect(new Set(answers).size).toBe(2);
  expect(found / least).toBeCloseTo(1, 5);
});

test.each([
  ['numbers', generate(900, 4, 1, 3, 40), {}],
  ['two classes, few at a time', generate(900, 4, 2, 3, 40), { leftCategories: 3, rowShare: 0.7 }],
  ['three classes, weights', weighed(generate(900, 4, 3, 3, 40)), { minCategoryRows: 20 }],
  ['one against the others', generate(900, 4, 2, 3, 40), { singleCategories: 255 }],
])('other numbers for the same categories are the same model: %s', (_case, sized, params) => {
  const settings = { rounds: 10, minCategoryRows: 5, categorySmoothing: 3, ...params };
  const problem = named(sized, [39, 39, 0, 0]);
  const order = Int32Array.from({ length: 39 }, (_, i) => i + 1);
  new Random(1).shuffle(order);
  const { x, columns } = problem;
  const renamed = x.map((value, i) => (i % columns < 2 && value > 0 ? order[value - 1] : value));
  const other = named({ ...sized, x: renamed }, [39, 39, 0, 0]);
  const model = fit('boosting', problem, settings);
  expect((model as BoostingModel).ensembles[0].sets?.words.length).toBeGreaterThan(0);
  const answers = predict('boosting', model, problem);
  expect(predict('boosting', fit('boosting', other, settings), other)).toEqual(answers);
  expect(new Set(answers).size).toBeGreaterThan(50);
});

test('a category that the set does not name, an unseen one and none go right', () => {
  // 200 rows each of categories 1 to 6, of which 1, 2 and 5 have 1 and the others 0; none has 0.
  const x = Float32Array.from({ length: 1400 }, (_, i) => i % 7);
  const y = Float64Array.from(x, (category) => Number([1, 2, 5].includes(category)));
  const problem = named(problemFrom(x, y, 1, 1), [20]);
  const model = fit('boosting', problem, { ...bare, minCategoryRows: 1 });
  const answers = predict('boosting', model, {
    ...problem,
    x: Float32Array.from({ length: 22 }, (_, i) => i),
  });
  const high = [...answers.keys()].filter((category) => answers[category] > 0.9);
  expect(high).toEqual([1, 2, 5]);
  const strange = Float32Array.of(NaN, -1, 1.5, 257, 261, 1e9, -Infinity, Infinity);
  const right = predict('boosting', model, { ...problem, x: strange });
  expect(new Set(right)).toEqual(new Set([answers[20]]));
});

test('a category has a bin of its own, though it does not occur or is rare', () => {
  const x = Float32Array.from({ length: 10 }, (_, i) => (i === 9 ? 255 : 3));
  const { bins, edges } = binMatrix(x, 10, 1, undefined, undefined, undefined, Uint8Array.of(255));
  expect([...new Set(bins)]).toEqual([3, 255]);
  expect(edges[0].length).toBe(255);
});

test('rows that a tree was not grown on are answered by its sets too', () => {
  const tree = {
    ...{ column: [0, -1, 1, -1, -1], cut: [0, 0, 1, 0, 0], left: [1, 0, 3, 0, 0], value: [0, 1, 0, 2, 4] },
    members: [Uint8Array.of(2, 5), null, null, null, null],
  };
  const bins = Uint8Array.of(2, 5, 0, 3, 255, 0, 9, 1, 2, 0);
  const scores = new Float64Array(6);
  const positions = Int32Array.of(0, 1, 2, 3, 4);
  addAnswers(tree, { length: 5, bins, binsOf: Int32Array.of(256, 10) }, positions, scores, 1);
  expect([...scores]).toEqual([0, 1, 1, 2, 4, 2]);
});
