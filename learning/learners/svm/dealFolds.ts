import { Random } from '../../rng.ts';

/**
 * Cuts rows into folds at random, every class spread evenly as far as it has rows.
 *
 * @returns [rows.length], the fold of each
 */
export function dealFolds(
  rows: Int32Array,
  y: Float64Array,
  classes: number,
  folds: number,
  seed: number,
): Int32Array {
  const random = new Random(seed);
  const foldOf = new Int32Array(rows.length);
  let dealt = 0;
  for (let k = 0; k < classes; k++) {
    const members = Int32Array.from(rows.keys()).filter((i) => y[rows[i]] === k);
    random.shuffle(members);
    // Dealing goes on where the class before stopped, so that the folds' sizes stay even too.
    for (const i of members) foldOf[i] = dealt++ % folds;
  }
  return foldOf;
}
