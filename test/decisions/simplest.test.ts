import { describe, expect, test } from 'vitest';
import { leader } from '../../decisions/leader.ts';
import { chooseSimplest, oneStandardErrorFrom, standardErrorOfMean } from '../../decisions/simplest.ts';
import { Random } from '../../learning/rng.ts';

/** The first of the grid that one standard error does not tell from the best. */

interface Row {
  index: number;
  learner: string;
  mean: number;
  std: number;
}
const rowsOf = (means: number[], std = 0.02): Row[] =>
  means.map((mean, index) => ({ index, learner: 'tree', mean, std }));

/** As the workflow does it: the best in whatever order they end, then the first that is good enough. */
function choose(rows: Row[], folds: number, better: 'higher' | 'lower') {
  const best = rows.reduce<Row | undefined>((a, b) => leader(a, b, better), undefined) as Row;
  const bound = oneStandardErrorFrom(best, folds, better);
  const good = ({ mean }: Row) => (better === 'higher' ? mean >= bound : mean <= bound);
  const [first] = rows.filter(good).sort((a, b) => a.index - b.index);
  return chooseSimplest(best, first, { metric: 'accuracy', folds });
}

test('the standard error of k scores is their deviation (ddof 1) over the root of k', () => {
  const scores = [0.8, 0.84, 0.79, 0.88, 0.81];
  const mean = scores.reduce((a, b) => a + b, 0) / 5;
  const squares = scores.reduce((sum, s) => sum + (s - mean) ** 2, 0);
  expect(standardErrorOfMean(Math.sqrt(squares / 5), 5)).toBeCloseTo(
    Math.sqrt(squares / 4) / Math.sqrt(5),
    15,
  );
  expect(standardErrorOfMean(0, 2)).toBe(0);
});

describe('what is taken', () => {
  // 0.02 over 5 folds: a standard error of 0.01.
  test.each([
    ['is simpler than the best within its error', [0.7, 0.895, 0.9, 0.88], 'higher', 1],
    ['is exactly one standard error away', [0.4, 0.5 - 0.01, 0.5], 'higher', 1],
    ['is the best where nothing before it is near', [0.7, 0.8, 0.9, 0.899], 'higher', 2],
    ['is the first of equals', [0.9, 0.9, 0.9], 'higher', 0],
    ['has less of an error, where less is better', [0.5, 0.305, 0.3, 0.4], 'lower', 1],
    ['is alone', [0.4], 'lower', 0],
  ] as const)('%s', (_, means, better, expected) => {
    expect(choose(rowsOf([...means]), 5, better).candidate).toBe(expected);
  });

  test('is judged by the error of the best, not by its own', () => {
    const rows = rowsOf([0.88, 0.9]);
    rows[0].std = 0.5;
    expect(choose(rows, 5, 'higher').candidate).toBe(1);
    rows[1].std = 0.05;
    expect(choose(rows, 5, 'higher').candidate).toBe(0);
  });

  test('is the same in whatever order candidates end, and never after the best', () => {
    const random = new Random(5);
    for (let round = 0; round < 200; round++) {
      const rows = rowsOf(Array.from({ length: 12 }, () => Math.round(random.unit() * 50) / 50)).map(
        (row) => ({
          ...row,
          std: random.unit() / 5,
        }),
      );
      const order = Int32Array.from(rows.keys());
      random.shuffle(order);
      for (const better of ['higher', 'lower'] as const) {
        const choice = choose(rows, 3, better);
        expect(choose(Array.from(order, (i) => rows[i]), 3, better)).toEqual(choice); // prettier-ignore
        expect(choice.candidate).toBeLessThanOrEqual(choice.best);
      }
    }
  });
});

test('the sentence names both, with the numbers', () => {
  expect(choose(rowsOf([0.895, 0.9]), 5, 'higher')).toEqual({
    candidate: 0,
    best: 1,
    standardError: 0.01,
    reason:
      'The simplest, candidate 0 (tree, accuracy 0.89500), is within one standard error (0.01000) of the best, candidate 1 (tree, accuracy 0.90000).',
  });
  expect(choose(rowsOf([0.8, 0.9]), 5, 'higher').reason).toBe(
    'The best, candidate 1 (tree, accuracy 0.90000), is also the simplest within one standard error (0.01000).',
  );
});
