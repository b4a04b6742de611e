import type { TreeEnsemble } from './ensemble.ts';
import { sumLeavesBySets } from './setPredictor.ts';

/** Rows that go through one tree after another: their features then stay in the first-level cache. */
const BLOCK = 128;

/**
 * The sums of the leaves' integers: [rows, outputs], exact.
 *
 * @param x [?, columns], row-major
 * @param index the rows of x to answer for; all when absent
 */
export function sumLeaves(
  ensemble: TreeEnsemble,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  if (ensemble.sets) return sumLeavesBySets(ensemble, ensemble.sets, x, columns, index);
  const { outputs, roots, feature, threshold, next, values, missingLeft } = ensemble;
  const rows = index ? index.length : x.length / columns;
  const sums = new Float64Array(rows * outputs);
  for (let start = 0; start < rows; start += BLOCK) {
    const end = Math.min(rows, start + BLOCK);
    for (let tree = 0; tree < roots.length; tree++) {
      for (let i = start; i < end; i++) {
        const at = (index ? index[i] : i) * columns;
        let node = roots[tree];
        for (let f = feature[node]; f >= 0; f = feature[node]) {
          const value = x[at + f];
          // NaN is at most nothing, so it goes right unless the node says otherwise.
          const right =
            !(value <= threshold[node]) && !(missingLeft && value !== value && missingLeft[node] === 1);
          node = right ? next[node] + 1 : next[node];
        }
        const leaf = next[node];
        for (let k = 0; k < outputs; k++) sums[i * outputs + k] += values[leaf + k];
      }
    }
  }
  return sums;
}
