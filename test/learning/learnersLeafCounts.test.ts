import { expect, test } from 'vitest';
import type { BoostingModel } from '../../learning/learners/boosting/model.ts';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { fit, gappy, named, predict, problemFrom } from './learnersData.ts';

/**
 * Boosting tells the rows of a side from its share of the second derivatives while it compares cuts. Where the best cut
 * then leaves too few rows, the leaf gets the best that leaves enough; once it was given up, and a root for all rounds.
 */

const ROWS = 600;
const FEW = 8;

/** Column 0 sets few rows apart, column 1 (24 levels in no order) tells the answer of all others, and column 2 nothing. */
function setApart(classes: 1 | 2): Problem {
  const random = new Random(5);
  const effects = Array.from({ length: 25 }, () => random.unit());
  const x = new Float32Array(3 * ROWS);
  const y = Float64Array.from({ length: ROWS }, (_, row) => {
    const [few, level] = [row % 75 === 0, 1 + random.below(24)];
    x.set([Number(few), level, random.below(30)], 3 * row);
    if (classes === 1) return few ? 10 : effects[level];
    return Number(few !== effects[level] > 0.5);
  });
  return problemFrom(x, y, 3, classes);
}

/** Few rows with half of all weight. */
const heavy = (): Problem => {
  const problem = setApart(1);
  const weights = Float64Array.from(problem.y, (_, row) => (row % 75 === 0 ? (ROWS - FEW) / FEW : 1));
  return { ...problem, weights };
};

const CASES: [string, Problem, object][] = [
  ['weights', heavy(), {}],
  ['weights and gaps', gappy(heavy()), {}],
  ['weights and categories', named(heavy(), [0, 24, 0]), { minCategoryRows: 1, categorySmoothing: 1 }],
  // The rows that all others speak against keep their second derivatives when those of the others are gone.
  ['two classes', setApart(2), { rounds: 120, learningRate: 0.3, leaves: 15 }],
];

test.each(CASES)('every round finds a cut that leaves enough rows: %s', (_case, problem, more) => {
  const rounds = 30;
  const params = { rounds, minLeaf: 20, ...more };
  const { ensembles } = fit('boosting', problem, params) as BoostingModel;
  const [{ roots, feature }] = ensembles;
  const sizes = Array.from(roots, (root, tree) => (roots.at(tree + 1) ?? feature.length) - root);
  expect(sizes).toHaveLength(params.rounds);
  expect(Math.min(...sizes)).toBeGreaterThan(1);
});

test.each(CASES)('and none that leaves fewer: %s', (_case, problem, more) => {
  const model = fit('boosting', problem, { minLeaf: 20, ...more, rounds: 1 });
  const rows = new Map<number, number>();
  const answers = predict('boosting', model, problem);
  for (let row = 0; row < problem.rows; row++) {
    const answer = answers[row * problem.classes];
    rows.set(answer, (rows.get(answer) ?? 0) + 1);
  }
  expect(rows.size).toBeGreaterThan(1);
  expect(Math.min(...rows.values())).toBeGreaterThanOrEqual(20);
});
