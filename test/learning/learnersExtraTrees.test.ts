import { expect, test } from 'vitest';
import { drawCut } from '../../learning/learners/trees/drawCut.ts';
import type { TreeModel } from '../../learning/learners/trees/model.ts';
import { Random } from '../../learning/rng.ts';
import { accuracyOf, fit, generate, predict } from './learnersData.ts';

/** Extra trees cut at random, and are trees all the same. */

test('a cut is drawn evenly over the values, not over the bins', () => {
  const edges = Float32Array.of(-5, 0, 1, 2, 3, 10, 99);
  const random = new Random(1);
  const counts = new Float64Array(edges.length);
  for (let i = 0; i < 10_000; i++) counts[drawCut(edges, 1, 6, random)]++;
  // Of the values from 0 to 10, those that are nearest to each edge.
  const shares = [0, 0.05, 0.1, 0.1, 0.4, 0.35, 0];
  shares.forEach((share, cut) => expect(Math.abs(counts[cut] / 10_000 - share)).toBeLessThan(0.02));
  expect(drawCut(edges, 3, 4, random)).toBe(3);
});

test('first cuts differ from tree to tree, where those of best cuts do not', () => {
  const problem = generate(800, 2, 2, 3);
  const firstCuts = (name: string) => {
    const { ensemble } = fit(name, problem, { trees: 30, maxFeatures: 'all' }) as TreeModel;
    return new Set(Array.from(ensemble.roots, (root) => ensemble.threshold[root])).size;
  };
  expect(firstCuts('extraTrees')).toBeGreaterThan(1.5 * firstCuts('forest'));
});

test.each([2, 3, 7])('full trees answer their own rows without error, %i classes', (classes) => {
  const problem = generate(400, 6, classes, 4, 1000);
  const model = fit('extraTrees', problem, { trees: 3 });
  expect(accuracyOf(predict('extraTrees', model, problem), problem.y, classes)).toBe(1);
});

test('numbers too', () => {
  const problem = generate(400, 6, 1, 4, 1000);
  const answers = predict('extraTrees', fit('extraTrees', problem, { trees: 4 }), problem);
  answers.forEach((answer, row) => expect(answer / problem.y[row]).toBeCloseTo(1, 6));
});

test('no leaf is smaller than minLeaf', () => {
  for (const classes of [2, 1]) {
    const problem = generate(600, 4, classes, 6);
    const { ensemble } = fit('extraTrees', problem, { trees: 1, minLeaf: 20 }) as TreeModel;
    const sizes = new Map<number, number>();
    problem.train.forEach((row) => {
      let node = 0;
      while (ensemble.feature[node] >= 0)
        node =
          ensemble.next[node] + +(problem.x[row * 4 + ensemble.feature[node]] > ensemble.threshold[node]);
      sizes.set(node, (sizes.get(node) ?? 0) + 1);
    });
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(20);
  }
});
