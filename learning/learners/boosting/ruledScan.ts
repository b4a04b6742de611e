import { scanCategories, type CategoryRules } from './categoryScan.ts';
import { BINS, type PackedRows } from './packedBins.ts';
import { SHIFT } from './packedGradients.ts';
import type { Side } from './scan.ts';

/** What cuts must heed besides their gain. */
export interface Rules {
  /** [columns], the bin of missing values; -1 where none may be missing. */
  missing: Int32Array;
  /** [columns], 1: the score must not fall as the feature rises; -1: not rise; 0: free. */
  direction: Int8Array;
  /** Absent: no feature names categories. */
  categories?: CategoryRules;
}

/** A leaf whose answers are bounded (in steps of the gradient over steps of the Hessian), and how its cut was found. */
export interface RuledSide extends Side {
  rows: number;
  /** How many rows lie in each bin of each place, as in the histogram; null: as many as their share of the Hessian says. */
  counts: Int32Array | null;
  /** Least rows of a side, where they are counted. */
  minLeaf: number;
  low: number;
  high: number;
  /** The bin of missing values where these go left in spite of the cut; else -1. */
  gap: number;
  /** Of a cut by categories the bins that go left, ascending, in place of those up to `cut`; else null. */
  members: Uint8Array | null;
  /** What such a cut adds to the penalty of its leaves. */
  moreL2: number;
}

/** Of two gains that differ by less, as a share of what they are differences of, neither is larger. */
const ROUNDING = 1e-12;

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

/** Whether so many rows on the left leave enough on both sides, where they were counted. */
export function isEnough({ counts, rows, minLeaf }: RuledSide, left: number): boolean {
  return !counts || (left >= minLeaf && rows - left >= minLeaf);
}

/**
 * Whether that sum on the left saves more than the best so far; then it is the best.
 *
 * @param sign direction of the feature
 * @param l2 of the answers on both sides, in steps; @param own that of the leaf's answer, were it not cut
 */
export function considerCut(side: RuledSide, sum: number, sign: number, l2: number, own: number): boolean {
  const { gradient, hessian, least, low, high } = side;
  const left = Math.floor(sum / SHIFT);
  const mass = sum - left * SHIFT;
  const a = mass + l2;
  const b = hessian + 2 * l2 - a;
  if (a < least + l2 || b < least + l2) return false;
  const right = gradient - left;
  const answer = Math.max(low, Math.min(high, -left / a));
  const other = Math.max(low, Math.min(high, -right / b));
  if (sign * (answer - other) > 0) return false;
  const bounded = answer !== -left / a || other !== -right / b;
  const gain = bounded
    ? gainWithin(saved(left, a, answer) + saved(right, b, other), (gradient * gradient) / (hessian + own))
    : gainOf(side, left, a, b, l2, own);
  if (!(gain > side.gain)) return false;
  side.gain = gain;
  side.leftGradient = left;
  side.leftHessian = mass;
  return true;
}

/** See scanBoth: exact up to the division where nothing is bounded. */
function gainOf(
  { gradient, hessian }: RuledSide,
  left: number,
  a: number,
  b: number,
  l2: number,
  own: number,
): number {
  const total = hessian + 2 * l2;
  const d = left * total - gradient * a;
  return ((d * d) / (a * b) - (gradient * gradient * (2 * l2 - own)) / (hessian + own)) / total;
}

/** @param parent as the leaf would save without bounds: in LightGBM a cut must save more than that */
function gainWithin(children: number, parent: number): number {
  const gain = children - parent;
  return gain > ROUNDING * Math.abs(children) ? gain : 0;
}

/** Twice what an answer takes from the loss, to second order. @param mass with the penalty */
function saved(sum: number, mass: number, answer: number): number {
  return -answer * (2 * sum + mass * answer);
}
