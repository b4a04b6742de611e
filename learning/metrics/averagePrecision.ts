import { descend, type Ranking } from './ranking.ts';

/**
 * Area under the precision-recall curve as scikit-learn's average_precision_score: the sum over the distinct scores
 * of (rise of recall) x precision, without interpolation (Davis and Goadrich, ICML 2006, on why a trapezium flatters).
 * Undefined without a positive row; scikit-learn warns and answers 0 there.
 */
export function averagePrecision(ranking: Ranking): number | undefined {
  const { length } = ranking.positives;
  if (length === 0) return undefined;
  let area = 0;
  let before = 0;
  descend(ranking, (_, positives, negatives) => {
    area += ((positives - before) / length) * (positives / (positives + negatives));
    before = positives;
  });
  // The terms of a perfect ranking may sum to more, by their rounding.
  return Math.min(1, area);
}
