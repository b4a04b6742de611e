import type { ColumnFacts } from './facts.ts';
import { deciles } from './quantile.ts';

/** A line needs more points than its two numbers, or every column of two or three values would lie on one. */
const LEAST_DISTINCT = 4;

/**
 * The deciles (10 % to 90 %) of a window as a straight line of those of the reference, by least squares: a change of unit
 * (metres to feet) is a slope far from 1 with r2 close to 1 and an intercept that is nothing beside the values. By chance
 * the offset is as wrong as the slope, which is 0.06 for 300 rows.
 *
 * @param reference ascending, without NaN
 * @param window ascending, without NaN
 * @returns undefined where they determine none: an empty sample, fewer than four distinct deciles, infinite ones
 */
export function fitScale(reference: Float64Array, window: Float64Array): ColumnFacts['scale'] {
  if (reference.length === 0 || window.length === 0) return undefined;
  const [x, y] = [deciles(reference), deciles(window)];
  if (new Set(x).size < LEAST_DISTINCT || new Set(y).size < LEAST_DISTINCT) return undefined;
  const [meanX, meanY] = [mean(x), mean(y)];
  const [dx, dy] = [x.map((value) => value - meanX), y.map((value) => value - meanY)];
  const [xx, yy, xy] = [dot(dx, dx), dot(dy, dy), dot(dx, dy)];
  const slope = xy / xx;
  const intercept = meanY - slope * meanX;
  const fit = {
    slope,
    intercept,
    r2: Math.min(1, (xy / xx) * (xy / yy)),
    offset: meanY === 0 ? Math.sign(intercept) : intercept / Math.abs(meanY),
  };
  return Object.values(fit).every(Number.isFinite) ? fit : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
