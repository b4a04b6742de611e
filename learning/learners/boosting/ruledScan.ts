import { scanCategories, type CategoryRules } from './categoryScan.ts';
import { BINS, type PackedRows } from './packedBins.ts';
import { considerCut, isEnough, type RuledSide } from './ruledCut.ts';

/** What cuts must heed besides their gain. */
export interface Rules {
  /** [columns], the bin of missing values; -1 where none may be missing. */
  missing: Int32Array;
  /** [columns], 1: the score must not fall as the feature rises; -1: not rise; 0: free. */
  direction: Int8Array;
  /** Absent: no feature names categories. */
  categories?: CategoryRules;
}

/** Takes a child's histogram from its parent's, which leaves the other child's. */
export function subtract(child: Float64Array, parent: Float64Array): void {
  for (let i = 0; i < parent.length; i++) parent[i] -= child[i];
}

/**
 * As scanBoth, for one leaf by rules. Rows without the value go left or right, whichever saves more, as those of one more
 * bin, or are cut off from all others (Chen and Guestrin, "XGBoost", KDD 2016, algorithm 3); where the leaf has none, they
 * follow the heavier side. A cut of a feature with a direction is taken only where the answers of its sides have it, and
 * answers are held within the leaf's bounds (LightGBM's "basic" method; Auguste, Malory and Smirnov, "A better method to
 * enforce monotonic constraints in regression and classification trees", 2020).
 *
 * @param l2 in steps of the Hessian
 * @param unit steps to 1 of the Hessian
 */
export function scanByRules(
  { binsOf, columns }: PackedRows,
  histogram: Float64Array,
  l2: number,
  unit: number,
  { missing, direction, categories }: Rules,
  side: RuledSide,
): void {
  side.gain = 0;
  side.members = null;
  if (side.least === Infinity) return;
  for (let place = 0; place < binsOf.length; place++) {
    const start = place * BINS;
    if (categories && categories.named[columns[place]] === 1) {
      const members = scanCategories(histogram, start, binsOf[place], unit, l2, categories, side);
      if (members) keepSet(place, members, categories);
      continue;
    }
    const gap = missing[columns[place]];
    const last = binsOf[place] - (gap < 0 ? 1 : 2);
    const lacking = gap < 0 ? 0 : histogram[start + gap];
    const sign = direction[columns[place]];
    const { counts } = side;
    for (let pass = 0; pass < (lacking === 0 ? 1 : 2); pass++) {
      let sum = pass === 0 ? 0 : lacking;
      let rows = counts && pass === 1 ? counts[start + gap] : 0;
      for (let bin = 0; bin < last; bin++) {
        sum += histogram[start + bin];
        if (counts) rows += counts[start + bin];
        if (isEnough(side, rows) && considerCut(side, sum, sign, l2, l2)) keep(place, bin, gap, pass === 1);
      }
      // All values from none; whichever answer is larger, no feature has moved.
      if (counts) rows += counts[start + last];
      if (
        pass === 0 &&
        lacking !== 0 &&
        isEnough(side, rows) &&
        considerCut(side, sum + histogram[start + last], 0, l2, l2)
      )
        keep(place, last, gap, false);
    }
  }
  if (side.gain === 0 || side.members) return;
  const start = side.place * BINS;
  const last = binsOf[side.place] - (missing[columns[side.place]] < 0 ? 1 : 2);
  // Half way over the empty bins behind it: the same partition here, the fairer cut for new rows.
  let next = side.cut + 1;
  while (next < last && histogram[start + next] === 0 && !side.counts?.[start + next]) next++;
  if (side.cut < last) side.cut = (side.cut + next - 1) >> 1;

  function keep(place: number, cut: number, gap: number, missingLeft: boolean): void {
    side.place = place;
    side.cut = cut;
    side.members = null;
    side.moreL2 = 0;
    const follow = gap >= 0 && histogram[place * BINS + gap] === 0 && 2 * side.leftHessian > side.hessian;
    side.gap = missingLeft || follow ? gap : -1;
  }

  function keepSet(place: number, members: Uint8Array, { l2: more, oneVsRest }: CategoryRules): void {
    side.place = place;
    side.cut = 0;
    side.gap = -1;
    side.members = members;
    side.moreL2 = binsOf[place] - 1 > oneVsRest ? more : 0;
  }
}
