import { COMPARISONS, IN, type TreeSet } from './treeSet.ts';

const EQ = COMPARISONS.indexOf('EQ');

/**
 * Reads chains of questions for single values, all with the same child where one is met, as the one cut by a set that they
 * were before they became ONNX (categories of this project and of LightGBM). As questions by themselves they would make
 * every row's way longer, and would spread the cover of one cut over many. The chains' other nodes stay, and nothing leads
 * to them.
 */
export function joinChains(trees: TreeSet): TreeSet {
  const { feature, comparison, missingHolds, threshold, whenTrue, whenFalse, roots } = trees;
  const isLink = (node: number) => feature[node] >= 0 && comparison[node] === EQ && missingHolds[node] === 0;
  const goesOn = (node: number) => {
    const next = whenFalse[node];
    return isLink(next) && feature[next] === feature[node] && whenTrue[next] === whenTrue[node];
  };
  const sets: ReadonlySet<number>[] = [];
  const joined = {
    ...trees,
    ...{ threshold: threshold.slice(), comparison: comparison.slice(), whenFalse: whenFalse.slice(), sets },
  };
  const seen = new Uint8Array(feature.length);
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (feature[node] < 0 || seen[node] === 1) continue;
    seen[node] = 1;
    if (isLink(node) && goesOn(node)) {
      const values = new Set([threshold[node]]);
      let last = node;
      while (goesOn(last)) {
        last = whenFalse[last];
        values.add(threshold[last]);
      }
      joined.comparison[node] = IN;
      joined.threshold[node] = sets.length;
      joined.whenFalse[node] = whenFalse[last];
      sets.push(values);
    }
    waiting.push(whenTrue[node], joined.whenFalse[node]);
  }
  return sets.length === 0 ? trees : joined;
}
