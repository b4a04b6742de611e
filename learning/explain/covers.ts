import { follow, type TreeSet } from './treeSet.ts';

/**
 * Rows that come by each node, [nodes]. Libraries keep these numbers from training and ONNX files do not, so they are
 * counted; where a tree was grown on a bootstrap sample they are those of all rows given here, each once.
 *
 * @param x [rows, columns]
 */
export function coversOf(trees: TreeSet, x: ArrayLike<number>, columns: number): Float64Array {
  const { roots, feature } = trees;
  const covers = new Float64Array(feature.length);
  for (const root of roots) {
    for (let at = 0; at < x.length; at += columns) {
      let node = root;
      covers[node]++;
      while (feature[node] >= 0) {
        node = follow(trees, node, x[at + feature[node]]);
        covers[node]++;
      }
    }
  }
  return covers;
}
