/** By how much the sum of somebody else's probabilities may be off: float32 sums over many trees and classes. */
export const PROBABILITY_TOLERANCE = 1e-3;
/** By how much one may be below 0 or above 1: as metrics take it (learning/metrics/compute.ts). */
const SHARE_TOLERANCE = 1e-6;

/**
 * The first row whose numbers are no probabilities of all classes: one outside 0 to 1, a sum other than 1, no number.
 *
 * @param values [rows, classes]
 * @returns that row with its numbers; undefined where every row is one of probabilities
 */
export function findUnlikely(
  values: Float32Array | Float64Array,
  classes: number,
): { row: number; shares: number[] } | undefined {
  for (let row = 0; row * classes < values.length; row++) {
    const shares = Array.from(values.subarray(row * classes, (row + 1) * classes));
    const sum = shares.reduce((a, b) => a + b, 0);
    // What is no number fails every comparison.
    const likely = (share: number) => share >= -SHARE_TOLERANCE && share <= 1 + SHARE_TOLERANCE;
    if (!shares.every(likely) || !(Math.abs(sum - 1) <= PROBABILITY_TOLERANCE)) return { row, shares };
  }
  return undefined;
}

/** The first few of them, as an error shows them. */
export function showShares(shares: readonly number[]): string {
  const more = shares.length > SHOWN_SHARES ? ', ...' : '';
  return `[${shares
    .slice(0, SHOWN_SHARES)
    .map((share) => share.toPrecision(4))
    .join(', ')}${more}]`;
}

const SHOWN_SHARES = 5;
