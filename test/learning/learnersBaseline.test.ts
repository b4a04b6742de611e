import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest';
import { expect, test } from 'vitest';
import { deriveSeed } from '../../learning/rng.ts';
import { fit, generate, predict } from './learnersData.ts';

/** The baseline answers as ml-random-forest itself would, its trees' own answers counted. */

const TREES = 6;

test.each(['classes', 'numbers'])('of %s', (what) => {
  const classes = what === 'classes' ? 3 : 1;
  const whole = generate(150, 4, classes, 8, 1000);
  const problem = { ...whole, train: whole.train.slice(0, 100) };
  const rows = (of: Int32Array) =>
    Array.from(of, (row) => Array.from(whole.x.subarray(row * 4, row * 4 + 4)));
  const Forest = classes === 1 ? RandomForestRegression : RandomForestClassifier;
  const answers = Array.from({ length: TREES }, (_, tree) => {
    const forest = new Forest({
      nEstimators: 1,
      seed: deriveSeed(3, 'tree', tree) | 0,
      maxFeatures: 1,
      replacement: false,
      noOOB: true,
    });
    forest.train(
      rows(problem.train),
      Array.from(problem.train, (row) => whole.y[row]),
    );
    return forest.predict(rows(whole.train));
  });

  const own = predict('baselineForest', fit('baselineForest', problem, { trees: TREES }, 3), whole);
  for (let row = 0; row < whole.rows; row++) {
    const given = answers.map((answer) => answer[row]);
    if (classes === 1) {
      const mean = given.reduce((a, b) => a + b, 0) / TREES;
      expect(Math.abs(own[row] / mean - 1)).toBeLessThan(2 ** -23); // a float32 holds no more
      continue;
    }
    for (let k = 0; k < classes; k++) {
      expect(own[row * classes + k]).toBe(Math.fround(given.filter((c) => c === k).length / TREES));
    }
  }
});
