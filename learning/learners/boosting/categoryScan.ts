import { SHIFT } from './packedGradients.ts';
import { considerCut, isEnough, type RuledSide } from './ruledCut.ts';

/** How categories are cut into sets. The defaults of the learner are LightGBM's. */
export interface CategoryRules {
  /** [columns], 1 where bins are categories, of which bin 0 is none. */
  named: Uint8Array;
  /** Added to a category's Hessian before it is ranked; categories with fewer rows in a leaf stay on the right. */
  smoothing: number;
  /** Penalty, beyond that of all leaves, of the leaves behind a set of ranked categories. */
  l2: number;
  /** Most categories that are listed on the left. */
  most: number;
  /** Up to so many categories each is tried alone against all others. */
  oneVsRest: number;
  /** Least rows by which a set grows before it is looked at again, and of those on the right. */
  minRows: number;
}

/**
 * Looks for the best cut of one leaf's categories into a set, which goes left, and all others, which go right with the
 * rows of no category. Ranked by gradient over Hessian the best of all sets is a prefix or a suffix (Fisher, "On grouping
 * for maximum homogeneity", JASA 53, 1958); as Ke et al., "LightGBM", NIPS 2017, the ranks are smoothed, since a category
 * of few rows stands at an end by chance.
 *
 * @param start of the place in the histogram
 * @param bins of the place, that of no category included
 * @param unit steps to 1 of the Hessian
 * @param l2 of the leaf's own answer, in steps
 * @returns the bins on the left, ascending; undefined where no set saves more than `side.gain`, which is then unchanged
 */
export function scanCategories(
  histogram: Float64Array,
  start: number,
  bins: number,
  unit: number,
  l2: number,
  rules: CategoryRules,
  side: RuledSide,
): Uint8Array | undefined {
  if (bins - 1 <= rules.oneVsRest) return tryAlone(histogram, start, bins, l2, side);
  const rowsPerHessian = side.rows / side.hessian;
  const smoothing = rules.smoothing * unit;
  const ranked: { bin: number; sum: number; rows: number; rank: number }[] = [];
  for (let bin = 1; bin < bins; bin++) {
    const sum = histogram[start + bin];
    const gradient = Math.floor(sum / SHIFT);
    const hessian = sum - gradient * SHIFT;
    const rows = side.counts ? side.counts[start + bin] : Math.round(hessian * rowsPerHessian);
    if (hessian > 0 && rows >= rules.smoothing)
      ranked.push({ bin, sum, rows, rank: gradient / (hessian + smoothing) });
  }
  ranked.sort((a, b) => a.rank - b.rank || a.bin - b.bin);
  const penalty = l2 + Math.round(rules.l2 * unit);
  const longest = Math.min(rules.most, (ranked.length + 1) >> 1);
  let best: number[] | undefined;
  for (let turn = 0; turn < 2; turn++) {
    let sum = 0;
    let left = 0;
    let group = 0;
    for (let i = 0; i < longest; i++) {
      const category = ranked[i];
      sum += category.sum;
      left += category.rows;
      group += category.rows;
      if (side.rows - left < rules.minRows) break;
      if (group < rules.minRows) continue;
      group = 0;
      if (isEnough(side, left) && considerCut(side, sum, 0, penalty, l2))
        best = ranked.slice(0, i + 1).map(({ bin }) => bin);
    }
    ranked.reverse();
  }
  return best && Uint8Array.from(best).sort();
}

function tryAlone(
  histogram: Float64Array,
  start: number,
  bins: number,
  l2: number,
  side: RuledSide,
): Uint8Array | undefined {
  let best: number | undefined;
  for (let bin = 1; bin < bins; bin++) {
    const rows = side.counts ? side.counts[start + bin] : 0;
    if (isEnough(side, rows) && considerCut(side, histogram[start + bin], 0, l2, l2)) best = bin;
  }
  return best === undefined ? undefined : Uint8Array.of(best);
}
