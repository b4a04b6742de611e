/**
 * Scores of one class against the rest, each side sorted. Two sorts of plain numbers are several times faster than
 * one sort of pairs, and every metric of the ranking is a merge of the two.
 */
export interface Ranking {
  /** Scores of the rows that are of the class, ascending. */
  positives: Float64Array;
  /** Scores of all other rows, ascending. */
  negatives: Float64Array;
}

/** @param y [rows] class indices; @param probabilities [rows, classes], of which the column `of` is the score */
export function rank(y: Float64Array, probabilities: Float64Array, classes: number, of: number): Ranking {
  let count = 0;
  for (let row = 0; row < y.length; row++) if (y[row] === of) count++;
  const positives = new Float64Array(count);
  const negatives = new Float64Array(y.length - count);
  let p = 0;
  let n = 0;
  for (let row = 0; row < y.length; row++) {
    const score = probabilities[row * classes + of];
    if (y[row] === of) positives[p++] = score;
    else negatives[n++] = score;
  }
  return { positives: positives.sort(), negatives: negatives.sort() };
}

/**
 * Visits every distinct score from the highest to the lowest, with the numbers of positives and negatives at or above
 * it. Ties are one visit, so no order of the rows can change a metric.
 */
export function descend(
  { positives, negatives }: Ranking,
  visit: (score: number, positivesAbove: number, negativesAbove: number) => void,
): void {
  let p = positives.length;
  let n = negatives.length;
  while (p > 0 || n > 0) {
    const score =
      n === 0 || (p > 0 && positives[p - 1] > negatives[n - 1]) ? positives[p - 1] : negatives[n - 1];
    while (p > 0 && positives[p - 1] === score) p--;
    while (n > 0 && negatives[n - 1] === score) n--;
    visit(score, positives.length - p, negatives.length - n);
  }
}
