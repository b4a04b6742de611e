import type { CategorySets, TreeEnsemble } from './ensemble.ts';

/** As sumLeaves, of trees that cut by sets of categories too. A value that is no category of the set goes right. */
export function sumLeavesBySets(
  { outputs, roots, feature, threshold, next, values, missingLeft }: TreeEnsemble,
  { at: setAt, words }: CategorySets,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const sums = new Float64Array(rows * outputs);
  for (let start = 0; start < rows; start += BLOCK) {
    const end = Math.min(rows, start + BLOCK);
    for (const root of roots) {
      for (let i = start; i < end; i++) {
        const at = (index ? index[i] : i) * columns;
        let node = root;
        for (let f = feature[node]; f >= 0; f = feature[node]) {
          const value = x[at + f];
          const set = setAt[node];
          const left =
            set >= 0
              ? isIn(words, set, value)
              : value <= threshold[node] || (value !== value && missingLeft?.[node] === 1);
          node = left ? next[node] : next[node] + 1;
        }
        const leaf = next[node];
        for (let k = 0; k < outputs; k++) sums[i * outputs + k] += values[leaf + k];
      }
    }
  }
  return sums;
}

/** Whether the value is a whole number from 0 to 255 whose bit is set. */
function isIn(words: Int32Array, set: number, value: number): boolean {
  const category = value & 255;
  return category === value && ((words[set + (category >> 5)] >>> (category & 31)) & 1) === 1;
}

/** Rows that go through one tree after another: their features then stay in the first-level cache. */
const BLOCK = 128;
