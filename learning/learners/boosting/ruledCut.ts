import { SHIFT } from './packedGradients.ts';
import type { Side } from './scan.ts';

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

/** Of two gains that differ by less, as a share of what they are differences of, neither is larger. */
const ROUNDING = 1e-12;
