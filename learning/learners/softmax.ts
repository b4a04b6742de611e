/** Turns the scores of one row, at..at + classes, into probabilities, float32 numbers as the graph answers them. */
export function toShares(scores: Float64Array, at: number, classes: number): void {
  const end = at + classes;
  let highest = -Infinity;
  for (let k = at; k < end; k++) if (scores[k] > highest) highest = scores[k];
  let sum = 0;
  for (let k = at; k < end; k++) {
    scores[k] = Math.exp(scores[k] - highest);
    sum += scores[k];
  }
  // To float32, so that both break the same ties.
  for (let k = at; k < end; k++) scores[k] = Math.fround(scores[k] / sum);
}
