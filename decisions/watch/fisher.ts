/**
 * Fisher's exact test of a table of two rows and two columns, two-sided: the probability, given the margins, of a table that
 * is no likelier than this one. Equal to `scipy.stats.fisher_exact`; tables whose probabilities agree to seven digits count
 * as equally likely, as in R.
 *
 * @param table the counts [[a, b], [c, d]]
 * @returns 1 where a margin is 0
 */
export function fisher([[a, b], [c, d]]: readonly [
  readonly [number, number],
  readonly [number, number],
]): number {
  const [row, other, column] = [a + b, c + d, a + c];
  const lowest = Math.max(0, column - other);
  const highest = Math.min(row, column);
  if (lowest === highest) return 1;
  // Relative to the likeliest table, so that no factorial is needed; each follows from its neighbour.
  const up = (x: number) => ((row - x) * (column - x)) / ((x + 1) * (other - column + x + 1));
  const mode = Math.min(
    highest,
    Math.max(lowest, Math.floor(((column + 1) * (row + 1)) / (row + other + 2))),
  );
  const weights = new Float64Array(highest - lowest + 1);
  weights[mode - lowest] = 1;
  for (let x = mode; x < highest; x++) weights[x + 1 - lowest] = weights[x - lowest] * up(x);
  for (let x = mode; x > lowest; x--) weights[x - 1 - lowest] = weights[x - lowest] / up(x - 1);

  const seen = weights[a - lowest] * (1 + 1e-7);
  let [total, rare] = [0, 0];
  for (const weight of weights) {
    total += weight;
    if (weight <= seen) rare += weight;
  }
  return Math.min(1, rare / total);
}
