import { BINS, type PackedRows } from './packedBins.ts';
import { SHIFT } from './packedGradients.ts';
import type { Side } from './scan.ts';

/** What cuts must heed besides their gain. */
export interface Rules {
  /** [columns], the bin of missing values; -1 where none may be missing. */
  missing: Int32Array;
  /** [columns], 1: the score must not fall as the feature rises; -1: not rise; 0: free. */
  direction: Int8Array;
}

/** A leaf whose answers are bounded (in steps of the gradient over steps of the Hessian), and how its cut was found. */
export interface RuledSide extends Side {
  low: number;
  high: number;
  /** The bin of missing values where these go left in spite of the cut; else -1. */
  gap: number;
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
 */
export function scanByRules(
  { binsOf, columns }: PackedRows,
  histogram: Float64Array,
  l2: number,
  { missing, direction }: Rules,
  side: RuledSide,
): void {
  const { gradient, hessian, least, low, high } = side;
  const total = hessian + 2 * l2;
  // As the leaf would answer without bounds: in LightGBM a cut must save more than that.
  const parent = (gradient * gradient) / (hessian + l2);
  side.gain = 0;
  if (least === Infinity) return;
  for (let place = 0; place < binsOf.length; place++) {
    const start = place * BINS;
    const gap = missing[columns[place]];
    const last = binsOf[place] - (gap < 0 ? 1 : 2);
    const lacking = gap < 0 ? 0 : histogram[start + gap];
    const sign = direction[columns[place]];
    for (let pass = 0; pass < (lacking === 0 ? 1 : 2); pass++) {
      let sum = pass === 0 ? 0 : lacking;
      for (let bin = 0; bin < last; bin++) {
        sum += histogram[start + bin];
        if (consider(sum, sign)) keep(place, bin, gap, pass === 1);
      }
      // All values from none; whichever answer is larger, no feature has moved.
      if (pass === 0 && lacking !== 0 && consider(sum + histogram[start + last], 0))
        keep(place, last, gap, false);
    }
  }
  if (side.gain === 0) return;
  const start = side.place * BINS;
  const last = binsOf[side.place] - (missing[columns[side.place]] < 0 ? 1 : 2);
  // Half way over the empty bins behind it: the same partition here, the fairer cut for new rows.
  let next = side.cut + 1;
  while (next < last && histogram[start + next] === 0) next++;
  if (side.cut < last) side.cut = (side.cut + next - 1) >> 1;

  /** Whether that sum on the left saves more than the best so far; then it is the best. */
  function consider(sum: number, sign: number): boolean {
    const left = Math.floor(sum / SHIFT);
    const mass = sum - left * SHIFT;
    const a = mass + l2;
    const b = total - a;
    if (a < least + l2 || b < least + l2) return false;
    const right = gradient - left;
    const answer = answerOf(left, mass);
    const other = answerOf(right, hessian - mass);
    if (sign * (answer - other) > 0) return false;
    const bounded = answer !== -left / a || other !== -right / b;
    const gain = bounded ? gainWithin(left, a, answer, right, b, other) : gainOf(left, a, b);
    if (!(gain > side.gain)) return false;
    side.gain = gain;
    side.leftGradient = left;
    side.leftHessian = mass;
    return true;
  }

  function keep(place: number, cut: number, gap: number, missingLeft: boolean): void {
    side.place = place;
    side.cut = cut;
    const follow = gap >= 0 && histogram[place * BINS + gap] === 0 && 2 * side.leftHessian > hessian;
    side.gap = missingLeft || follow ? gap : -1;
  }

  /** See scanBoth: exact up to the division where nothing is bounded. */
  function gainOf(left: number, a: number, b: number): number {
    const d = left * total - gradient * a;
    return ((d * d) / (a * b) - (gradient * gradient * l2) / (hessian + l2)) / total;
  }

  function gainWithin(
    left: number,
    a: number,
    answer: number,
    right: number,
    b: number,
    other: number,
  ): number {
    const children = saved(left, a, answer) + saved(right, b, other);
    const gain = children - parent;
    return gain > ROUNDING * Math.abs(children) ? gain : 0;
  }

  function answerOf(sum: number, mass: number): number {
    return Math.max(low, Math.min(high, -sum / (mass + l2)));
  }
}

/** Twice what an answer takes from the loss, to second order. @param mass with the penalty */
function saved(sum: number, mass: number, answer: number): number {
  return -answer * (2 * sum + mass * answer);
}
