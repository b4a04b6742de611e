import type { Random } from './rng.ts';

/**
 * Sampled Shapley values (Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with
 * feature contributions", Knowledge and Information Systems 2014): what each column of a row adds to the model's score,
 * against rows of a background. A path turns a background row into the row that is explained, one column after the other;
 * a column's contribution is by how much the score changes at its step, on average over the paths. Each order of columns
 * is also walked backwards (antithetic sampling, Mitchell et al., JMLR 2022), which cancels much of the chance.
 */
export interface Path {
  /** The row of the background that it starts from. */
  background: number;
  /** The columns, in the order in which they are taken from the explained row. */
  order: Int32Array;
}

/**
 * Paths for one row. Each row of the background is used equally often; where the model may not be asked often enough for
 * that, as many of the first ones as it may.
 *
 * @param columns of the row, at least 1
 * @param backgroundRows at least 1
 * @param evaluations mixtures that the model may be asked for; at least one pair of paths is made
 */
export function drawPaths(
  columns: number,
  backgroundRows: number,
  evaluations: number,
  random: Random,
): Path[] {
  const pairs = Math.max(1, Math.floor(evaluations / Math.max(1, 2 * (columns - 1))));
  // One column has one order.
  const rounds = columns === 1 ? 1 : Math.floor(pairs / backgroundRows);
  const used = rounds === 0 ? pairs : rounds * backgroundRows;
  const paths: Path[] = [];
  for (let i = 0; i < used; i++) {
    const order = Int32Array.from({ length: columns }, (_, column) => column);
    random.shuffle(order);
    const background = i % backgroundRows;
    paths.push({ background, order }, { background, order: order.slice().reverse() });
  }
  return paths;
}

/** Rows that the model is asked for on a path: those between the background's and the explained one. */
export function mixturesOf(columns: number): number {
  return columns - 1;
}

/**
 * Puts the scores of the paths together.
 *
 * @param score of the explained row
 * @param backgroundScores by row of the background
 * @param mixtureScores [paths, columns - 1]: after the first 1, 2, ... columns of the path's order
 * @returns base + the sum of the contributions (by column) is the score, but for the rounding of doubles
 */
export function combinePaths(
  paths: readonly Path[],
  score: number,
  backgroundScores: ArrayLike<number>,
  mixtureScores: ArrayLike<number>,
): { base: number; contributions: Float64Array } {
  const columns = paths[0].order.length;
  const between = mixturesOf(columns);
  const contributions = new Float64Array(columns);
  let base = 0;
  paths.forEach(({ background, order }, p) => {
    let before = backgroundScores[background];
    base += before;
    order.forEach((column, step) => {
      const after = step === between ? score : mixtureScores[p * between + step];
      contributions[column] += after - before;
      before = after;
    });
  });
  return { base: base / paths.length, contributions: contributions.map((sum) => sum / paths.length) };
}
