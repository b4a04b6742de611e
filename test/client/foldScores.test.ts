import { expect, test } from 'vitest';
import { foldScore } from '../../client/foldScores.ts';

/** Mean and standard error of a metric over the folds; none where a fold has no number. */

test('are those of all folds', () => {
  const folds = [{ logLoss: 0.2 }, { logLoss: 0.5 }, { logLoss: 0.8 }];
  const found = foldScore(folds, 'logLoss');
  expect(found?.mean).toBeCloseTo(0.5, 15);
  // Deviation (ddof 1) 0.3 over the root of 3.
  expect(found?.standardError).toBeCloseTo(0.3 / Math.sqrt(3), 15);
});

test.each([
  ['a fold lacks the metric', [{ rocAuc: 1, accuracy: 1 }, { accuracy: 1 }]],
  ['a fold has NaN', [{ rocAuc: 1 }, { rocAuc: NaN }]],
  ['a fold is infinite', [{ rocAuc: 1 }, { rocAuc: Infinity }]],
  ['there is one fold', [{ rocAuc: 1 }]],
  ['nothing was kept', undefined],
])('are absent where %s', (_, folds) => {
  expect(foldScore(folds as Record<string, number>[] | undefined, 'rocAuc')).toBeNull();
});
