import { Random } from './rng.ts';

/** One fold of a cross-validation. Both lists are ascending, and no row is in both. */
export interface Fold {
  /** Rows to answer for. */
  test: Int32Array;
  /** Rows to learn from; absent: all others. */
  train?: Int32Array;
}

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

/** k-fold cross-validation without strata. */
export function plainFolds(rows: number, folds: number, seed: number): Int32Array[] {
  refuseTooFewRows(rows, folds);
  const shuffled = Int32Array.from({ length: rows }, (_, row) => row);
  new Random(seed).shuffle(shuffled);
  const foldOf = new Int32Array(rows);
  shuffled.forEach((row, position) => (foldOf[row] = position % folds));
  return collect(foldOf, folds);
}

/**
 * k-fold cross-validation that keeps rows of one group together: the rows that each fold is tested on, ascending; every
 * row is in one fold, and no group in two. The largest group first, each goes to the fold that has fewest rows (Graham,
 * "Bounds on multiprocessing timing anomalies", 1969: the largest fold has at most 4/3 of the least possible); among
 * groups of one size the seed decides who is first, among folds of one size the first is taken.
 *
 * @param groups [rows] of each row its group, an integer from 0 on; not every integer has to occur
 * @throws RangeError where there are fewer groups than folds
 */
export function groupedFolds(groups: Int32Array, folds: number, seed: number): Int32Array[] {
  refuseTooFewRows(groups.length, folds);
  const sizes: number[] = [];
  for (const group of groups) sizes[group] = (sizes[group] ?? 0) + 1;
  const order = Int32Array.from([...new Set(groups)].sort((a, b) => a - b));
  if (order.length < folds)
    throw new RangeError(`${order.length} group(s) of rows cannot be cut into ${folds} folds.`);
  new Random(seed).shuffle(order);
  const weights = new Float64Array(folds);
  const foldOfGroup = new Int32Array(sizes.length);
  for (const group of Array.from(order).sort((a, b) => sizes[b] - sizes[a])) {
    const lightest = weights.indexOf(Math.min(...weights));
    foldOfGroup[group] = lightest;
    weights[lightest] += sizes[group];
  }
  return collect(
    groups.map((group) => foldOfGroup[group]),
    folds,
  );
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
