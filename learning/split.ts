import { Random } from './rng.ts';

/**
 * Stratified k-fold cross-validation: the rows that each fold is tested on, ascending; every row is in one fold.
 * Each class spreads evenly (its counts in two folds differ by at most 1), and so do the folds' sizes.
 *
 * @param y [rows] class indices
 * @throws RangeError where a class has fewer than 2 rows: some fold would then have nothing to learn it from
 */
export function stratifiedFolds(
  y: ArrayLike<number>,
  classes: number,
  folds: number,
  seed: number,
): Int32Array[] {
  refuseTooFewRows(y.length, folds);
  const members: number[][] = Array.from({ length: classes }, () => []);
  for (let row = 0; row < y.length; row++) {
    const list = members[y[row]];
    if (!list) throw new RangeError(`Row ${row} has class ${y[row]}; classes are 0 to ${classes - 1}.`);
    list.push(row);
  }
  const random = new Random(seed);
  const foldOf = new Int32Array(y.length);
  let dealt = 0;
  members.forEach((list, index) => {
    if (list.length < 2) {
      throw new RangeError(
        `Class ${index} has ${list.length} row(s); cross-validation needs at least 2 of every class.`,
      );
    }
    const shuffled = Int32Array.from(list);
    random.shuffle(shuffled);
    // Dealing goes on where the class before stopped, so that the folds' sizes stay even too.
    for (const row of shuffled) foldOf[row] = dealt++ % folds;
  });
  return collect(foldOf, folds);
}

/** k-fold cross-validation without strata, for regression. */
export function plainFolds(rows: number, folds: number, seed: number): Int32Array[] {
  refuseTooFewRows(rows, folds);
  const shuffled = Int32Array.from({ length: rows }, (_, row) => row);
  new Random(seed).shuffle(shuffled);
  const foldOf = new Int32Array(rows);
  shuffled.forEach((row, position) => (foldOf[row] = position % folds));
  return collect(foldOf, folds);
}

/** The rows of `train` (ascending) that are not in `fold` (ascending). */
export function withoutFold(train: Int32Array, fold: Int32Array): Int32Array {
  const rest = new Int32Array(train.length);
  let kept = 0;
  let next = 0;
  for (const row of train) {
    while (next < fold.length && fold[next] < row) next++;
    if (next < fold.length && fold[next] === row) continue;
    rest[kept++] = row;
  }
  return rest.slice(0, kept);
}

function refuseTooFewRows(rows: number, folds: number): void {
  if (!Number.isInteger(folds) || folds < 2)
    throw new RangeError(`Cross-validation takes at least 2 folds, not ${folds}.`);
  if (rows < folds) throw new RangeError(`${rows} row(s) cannot be cut into ${folds} folds.`);
}

function collect(foldOf: Int32Array, folds: number): Int32Array[] {
  const rows: number[][] = Array.from({ length: folds }, () => []);
  foldOf.forEach((fold, row) => rows[fold].push(row));
  return rows.map((list) => Int32Array.from(list));
}
