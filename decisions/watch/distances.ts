import { deciles } from './quantile.ts';

/** How far two distributions are apart. For people: none of these raises an alarm, as none says how much is chance. */

/**
 * Counts of two samples of numbers in the bins that the reference's deciles cut: about a tenth of the reference in each. A
 * decile belongs to the bin below it. Where several deciles are one value, that value is a bin of its own, so that a
 * column of zeros and ones has a bin for each.
 *
 * @param reference ascending, without NaN
 * @param window ascending, without NaN
 */
export function countByDeciles(
  reference: Float64Array,
  window: Float64Array,
): { reference: number[]; window: number[] } {
  if (reference.length === 0) return { reference: [0], window: [window.length] };
  const cuts = deciles(reference).flatMap((edge, i, edges) => {
    if (edges[i - 1] === edge) return [];
    return edges[i + 1] === edge ? [{ edge, below: true }, { edge }] : [{ edge }];
  });
  const count = (sorted: Float64Array) => {
    const ends = [...cuts.map(({ edge, below }) => countUpTo(sorted, edge, below)), sorted.length];
    return ends.map((end, i) => end - (i === 0 ? 0 : ends[i - 1]));
  };
  return { reference: count(reference), window: count(window) };
}

/** Numbers of a sorted array that are at most `edge`, or only those below it. */
function countUpTo(sorted: Float64Array, edge: number, below = false): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < edge || (!below && sorted[middle] === edge)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of an empty bin, as is common practice: its logarithm would be infinite. */
const LEAST_SHARE = 1e-4;

/**
 * The population stability index of two rows of counts, in nats: the symmetric Kullback-Leibler divergence of their
 * shares, where an empty bin counts as 1 in 10,000.
 */
export function psi(reference: readonly number[], window: readonly number[]): number {
  const [p, q] = [shares(reference), shares(window)];
  if (!p || !q) return 0;
  return p.reduce((total, was, i) => {
    const [a, b] = [Math.max(was, LEAST_SHARE), Math.max(q[i], LEAST_SHARE)];
    return total + (b - a) * Math.log(b / a);
  }, 0);
}

/** The Jensen-Shannon distance of two rows of counts: the root of the divergence in bits, 0 to 1. */
export function jensenShannon(reference: readonly number[], window: readonly number[]): number {
  const [p, q] = [shares(reference), shares(window)];
  if (!p || !q) return 0;
  const divergence = p.reduce((total, a, i) => {
    const mean = (a + q[i]) / 2;
    return total + (part(a, mean) + part(q[i], mean)) / 2;
  }, 0);
  return Math.sqrt(Math.min(1, Math.max(0, divergence)));
}

function part(share: number, mean: number): number {
  return share === 0 ? 0 : share * Math.log2(share / mean);
}

/** Total variation of two rows of counts: the largest difference of the probabilities of any event, 0 to 1. */
export function totalVariation(reference: readonly number[], window: readonly number[]): number {
  const [p, q] = [shares(reference), shares(window)];
  if (!p || !q) return 0;
  return Math.min(1, p.reduce((total, share, i) => total + Math.abs(share - q[i]), 0) / 2);
}

/** Undefined of nothing. */
function shares(counts: readonly number[]): number[] | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total > 0 ? counts.map((count) => count / total) : undefined;
}

/**
 * The area between two empirical distribution functions, in units of the column: how far values must be moved, on
 * average, to make one sample the other. Equal to `scipy.stats.wasserstein_distance`.
 *
 * @param reference ascending, without NaN
 * @param window ascending, without NaN
 * @returns 0 where one of them is empty; infinite where they differ in their infinities
 */
export function wasserstein(reference: Float64Array, window: Float64Array): number {
  const [m, n] = [reference.length, window.length];
  if (m === 0 || n === 0) return 0;
  let [i, j, area] = [0, 0, 0];
  // i n - j m: the distance between the two functions, times m n.
  let gap = 0;
  const unit = 1 / m / n;
  let at = Math.min(reference[0], window[0]);
  while (i < m || j < n) {
    const ofReference = j === n || (i < m && reference[i] <= window[j]);
    const next = ofReference ? reference[i] : window[j];
    // Between two infinities of one sign there is no way to go.
    if (gap !== 0 && next !== at) area += Math.abs(gap) * unit * (next - at);
    at = next;
    if (ofReference) {
      i++;
      gap += n;
    } else {
      j++;
      gap -= m;
    }
  }
  return area;
}
