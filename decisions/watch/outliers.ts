import { quantile } from './quantile.ts';

/**
 * How far a row lies outside what training saw, column by column: the largest distance from a column's median, in units
 * of the distance that 99 % of the reference keep. That unit, rather than the interquartile range, lets a column of long
 * tails or of mostly one value count as much as any other. It sees a row with one strange number; it does not see a strange
 * combination of usual ones. Plain JSON.
 */
export interface OutlierScale {
  /** By numeric column. */
  centers: number[];
  /** 0 where the column is constant: it is left out. */
  scales: number[];
  /** The score that 99.9 % of the reference rows do not exceed. */
  threshold: number;
}

const WITHIN = 0.99;
const USUAL = 0.999;

/** @param columns of the reference rows, as long as one another, in the order in which rows will come; missing is NaN */
export function fitOutliers(columns: readonly Float64Array[]): OutlierScale {
  const fits = columns.map((column) => {
    const sorted = column.filter(Number.isFinite).sort();
    if (sorted.length === 0) return { center: 0, scale: 0 };
    const center = quantile(sorted, 0.5);
    const distances = sorted.map((value) => Math.abs(value - center)).sort();
    // Where 99 % are one value, the farthest of the others is the unit.
    return { center, scale: quantile(distances, WITHIN) || distances[distances.length - 1] };
  });
  const [centers, scales] = [fits.map(({ center }) => center), fits.map(({ scale }) => scale)];
  const scores = scoreRows({ centers, scales }, columns).sort();
  return { centers, scales, threshold: scores.length === 0 ? 0 : quantile(scores, USUAL) };
}

/** The score of a row. A missing value says nothing; an infinite one is infinitely far. @param row in the columns' order */
export function scoreRow(
  { centers, scales }: Pick<OutlierScale, 'centers' | 'scales'>,
  row: ArrayLike<number>,
): number {
  let score = 0;
  for (let i = 0; i < scales.length; i++) {
    const distance = scales[i] > 0 ? Math.abs(row[i] - centers[i]) / scales[i] : 0;
    // Not so where it is NaN.
    if (distance > score) score = distance;
  }
  return score;
}

/** Share of the rows whose score is above the threshold: 0.001 is usual. 0 where there are none. */
export function outlierShare(scale: OutlierScale, columns: readonly Float64Array[]): number {
  const scores = scoreRows(scale, columns);
  return scores.length === 0 ? 0 : scores.filter((score) => score > scale.threshold).length / scores.length;
}

function scoreRows(
  scale: Pick<OutlierScale, 'centers' | 'scales'>,
  columns: readonly Float64Array[],
): Float64Array {
  const row = new Float64Array(columns.length);
  return Float64Array.from({ length: columns[0]?.length ?? 0 }, (_, i) => {
    for (let j = 0; j < columns.length; j++) row[j] = columns[j][i];
    return scoreRow(scale, row);
  });
}
