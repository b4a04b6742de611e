import { BINS, type PackedRows } from './packedBins.ts';
import { SHIFT } from './packedGradients.ts';

/** Exact, as a power of two is, and quicker than to divide. */
const UNSHIFT = 1 / SHIFT;

/** A leaf that is looked at for its best cut, in steps (see packedGradients.ts), and the cut that was found. */
export interface Side {
  gradient: number;
  hessian: number;
  /** Least Hessian on each side of a cut. */
  least: number;
  /** What cutting saves, in units that the leaves of one tree share; 0 while there is no cut worth it. */
  gain: number;
  /** Where: bins up to `cut` of `place` go left, and have these sums. */
  place: number;
  cut: number;
  leftGradient: number;
  leftHessian: number;
}

/**
 * Takes the first child's histogram from the parent's, which leaves the second child's, and finds the best cut of both
 * in the same pass.
 *
 * With G and H the sums of a leaf and L the penalty, a cut saves Gl^2 / (Hl + L) + Gr^2 / (Hr + L) - G^2 / (H + L)
 * (Chen and Guestrin, "XGBoost", KDD 2016, eq. 7). With a = Hl + L, b = Hr + L, T = a + b = H + 2 L the first two are
 * (Gl T - G a)^2 / (a b T) + G^2 / T, of which only the first varies: that is compared without dividing, and where the
 * penalty is whole its parts are integers.
 *
 * @param parent becomes the second child's
 * @param l2 in steps of the Hessian
 */
export function scanBoth(
  { binsOf }: PackedRows,
  first: Float64Array,
  parent: Float64Array,
  l2: number,
  one: Side,
  two: Side,
): void {
  const gradient1 = one.gradient;
  const gradient2 = two.gradient;
  const total1 = one.hessian + 2 * l2;
  const total2 = two.hessian + 2 * l2;
  const least1 = one.least + l2;
  const least2 = two.least + l2;
  let best1 = 0;
  let best2 = 0;
  for (let place = 0; place < binsOf.length; place++) {
    const start = place * BINS;
    // The last bin has nothing to its right, but it too is subtracted.
    const end = start + binsOf[place];
    let sum1 = 0;
    let sum2 = 0;
    for (let at = start; at < end; at++) {
      const value1 = first[at];
      const value2 = parent[at] - value1;
      parent[at] = value2;
      sum1 += value1;
      sum2 += value2;
      const left1 = Math.floor(sum1 * UNSHIFT);
      const left2 = Math.floor(sum2 * UNSHIFT);
      const a1 = sum1 - left1 * SHIFT + l2;
      const a2 = sum2 - left2 * SHIFT + l2;
      const b1 = total1 - a1;
      const b2 = total2 - a2;
      const d1 = left1 * total1 - gradient1 * a1;
      const d2 = left2 * total2 - gradient2 * a2;
      if (d1 * d1 > best1 * (a1 * b1) && a1 >= least1 && b1 >= least1) {
        best1 = (d1 * d1) / (a1 * b1);
        one.place = place;
        one.cut = at - start;
        one.leftGradient = left1;
        one.leftHessian = a1 - l2;
      }
      if (d2 * d2 > best2 * (a2 * b2) && a2 >= least2 && b2 >= least2) {
        best2 = (d2 * d2) / (a2 * b2);
        two.place = place;
        two.cut = at - start;
        two.leftGradient = left2;
        two.leftHessian = a2 - l2;
      }
    }
  }
  finish(one, best1, l2, first, binsOf);
  finish(two, best2, l2, parent, binsOf);
}

/** Turns what the comparison found into a gain, and sets the cut between the bins that hold rows. */
export function finish(
  side: Side,
  best: number,
  l2: number,
  histogram: Float64Array,
  binsOf: Int32Array,
): void {
  const total = side.hessian + 2 * l2;
  side.gain = best === 0 ? 0 : (best - (side.gradient * side.gradient * l2) / (side.hessian + l2)) / total;
  if (!(side.gain > 0)) {
    side.gain = 0;
    return;
  }
  // Half way over the empty bins behind it: the same partition here, the fairer cut for new rows.
  const last = binsOf[side.place] - 1;
  let next = side.cut + 1;
  while (next < last && histogram[side.place * BINS + next] === 0) next++;
  side.cut = (side.cut + next - 1) >> 1;
}
