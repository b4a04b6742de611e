import type { Fold } from './split.ts';

/**
 * Cross-validation in the order of time, with an expanding window (rolling origin: Tashman, "Out-of-sample tests of
 * forecasting accuracy", International Journal of Forecasting 16, 2000). The rows are cut into one part more than there
 * are folds, of sizes as even as rows of one time, which stay together, allow. Fold k learns from the parts before its
 * own and is tested on its own, so the first part is never tested and the last never learned from. Nothing is random.
 *
 * A row without a time stands in no fold, on neither side: it might be from the future.
 *
 * @param times [rows] in milliseconds; NaN and infinite: unknown
 * @param gapMs rows this close before the first of a test part are not learned from, since what was true of them was
 * not known yet; a row exactly `gapMs` older is
 * @returns folds from the oldest to the newest
 * @throws RangeError where there are fewer distinct times than parts, or the gap leaves a fold nothing to learn from
 */
export function timeFolds(times: Float64Array, folds: number, gapMs = 0): Required<Fold>[] {
  if (!Number.isInteger(folds) || folds < 2)
    throw new RangeError(`Cross-validation takes at least 2 folds, not ${folds}.`);
  const starts = cutTimes(times.filter(Number.isFinite).sort(), folds);
  return starts.map((start, k) => {
    const end = starts[k + 1] ?? Infinity;
    const fold = {
      train: rowsWhere(times, (time) => time < start && time <= start - gapMs),
      test: rowsWhere(times, (time) => time >= start && time < end),
    };
    if (fold.train.length === 0) {
      throw new RangeError(
        `Fold ${k} has nothing to learn from: no row is ${gapMs} ms older than the first that it is tested on.`,
      );
    }
    return fold;
  });
}

/** The first time of each part but the first: of the times at which a part can begin, those nearest to even sizes. */
function cutTimes(sorted: Float64Array, folds: number): number[] {
  const places: number[] = [];
  for (let i = 1; i < sorted.length; i++) if (sorted[i] > sorted[i - 1]) places.push(i);
  if (places.length < folds) {
    const distinct = sorted.length === 0 ? 0 : places.length + 1;
    throw new RangeError(
      `${distinct} distinct time(s) cannot be cut into ${folds + 1} parts: ${folds} to test, and before them one to learn from.`,
    );
  }
  const starts: number[] = [];
  let at = 0;
  for (let part = 1; part <= folds; part++, at++) {
    const even = (sorted.length * part) / (folds + 1);
    // Each of the parts that follow needs a place of its own. Of two places equally near the earlier is taken.
    const last = places.length - 1 - (folds - part);
    while (at < last && Math.abs(places[at + 1] - even) < Math.abs(places[at] - even)) at++;
    starts.push(sorted[places[at]]);
  }
  return starts;
}

/** Ascending; unknown times are in no interval. */
function rowsWhere(times: Float64Array, holds: (time: number) => boolean): Int32Array {
  const rows: number[] = [];
  times.forEach((time, row) => {
    if (Number.isFinite(time) && holds(time)) rows.push(row);
  });
  return Int32Array.from(rows);
}
