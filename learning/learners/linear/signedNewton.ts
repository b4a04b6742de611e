import { factorise, solveLower, solveUpper } from './cholesky.ts';

/**
 * Goes from `start` towards the minimum of a quadratic. Where a variable whose sign is kept becomes 0 on the way it stays
 * 0, and the others go on without it: the slopes of those that were let free have only shrunk by the share that was gone.
 *
 * @param hessian [n, n], lower triangle, scaled to a diagonal of 1
 * @param downhill minus the gradient at `start`
 * @param scale 1 / sqrt of the diagonal before it was scaled
 * @param kept whose sign is kept
 * @returns the point where it ended
 */
export function walk({
  hessian,
  downhill,
  scale,
  start,
  kept,
}: {
  hessian: Float64Array;
  downhill: Float64Array;
  scale: Float64Array;
  start: Float64Array;
  kept: readonly boolean[];
}): Float64Array {
  const size = start.length;
  const end = start.slice();
  let going = Array.from({ length: size }, (_, i) => i);
  let left = 1;
  while (going.length > 0) {
    const n = going.length;
    const own = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) own[i * n + j] = hessian[going[i] * size + going[j]];
    const change = Float64Array.from(going, (i) => left * downhill[i] * scale[i]);
    const { lower } = factorise(own, n);
    solveLower(lower, change);
    solveUpper(lower, change);
    let share = 1;
    let first = -1;
    going.forEach((i, at) => {
      change[at] *= scale[i];
      // By signs: a product of tiny weights would be 0.
      if (!kept[i] || Math.sign(end[i] + share * change[at]) === Math.sign(start[i])) return;
      share = -end[i] / change[at];
      first = i;
    });
    going.forEach((i, at) => (end[i] = i === first ? 0 : end[i] + share * change[at]));
    if (first < 0) break;
    left *= 1 - share;
    going = going.filter((i) => i !== first);
  }
  return end;
}
