import {
  floatsOf,
  intOf,
  intsOf,
  readTensorAttribute,
  stringOf,
  stringsOf,
  type GraphNode,
} from '../onnx/read.ts';
import { NotExplained } from './notExplained.ts';
import { joinChains } from './chains.ts';
import { COMPARISONS, type TreeSet } from './treeSet.ts';

/**
 * The trees of a TreeEnsembleRegressor or TreeEnsembleClassifier (ai.onnx.ml 1 to 3), and what is added to their sums.
 * Its post_transform is not applied. The file's node is what is served, so it is read and not the learner's model: the
 * same holds for models that another library exported.
 *
 * @param width of the answer: targets, or classes
 */
export function readTrees(node: GraphNode, width: number): { trees: TreeSet; base: Float64Array } {
  const classifier = node.op === 'TreeEnsembleClassifier';
  const target = classifier ? 'class' : 'target';
  if ((stringOf(node, 'aggregate_function') ?? 'SUM') !== 'SUM')
    throw new NotExplained(`its trees are not added up but taken by ${stringOf(node, 'aggregate_function')}`);
  const treeIds = intsOf(node, 'nodes_treeids');
  const nodeIds = intsOf(node, 'nodes_nodeids');
  const modes = stringsOf(node, 'nodes_modes');
  const count = modes.length;
  const indexOf = indexer(treeIds, nodeIds);
  const tracks = intsOf(node, 'nodes_missing_value_tracks_true');
  const thresholds = numbers(node, 'nodes_values');
  const trueIds = intsOf(node, 'nodes_truenodeids');
  const falseIds = intsOf(node, 'nodes_falsenodeids');

  const feature = intsOf(node, 'nodes_featureids');
  const comparison = new Uint8Array(count);
  const whenTrue = new Int32Array(count);
  const whenFalse = new Int32Array(count);
  const isChild = new Uint8Array(count);
  let leaves = 0;
  for (let i = 0; i < count; i++) {
    if (modes[i] === 'LEAF') {
      feature[i] = -1;
      whenTrue[i] = leaves++;
      continue;
    }
    comparison[i] = comparisonOf(modes[i]);
    whenTrue[i] = indexOf(treeIds[i], trueIds[i]);
    whenFalse[i] = indexOf(treeIds[i], falseIds[i]);
    isChild[whenTrue[i]] = 1;
    isChild[whenFalse[i]] = 1;
  }

  const values = new Float64Array(leaves * width);
  const ids = intsOf(node, `${target}_ids`);
  const weights = numbers(node, `${target}_weights`);
  const ofTree = intsOf(node, `${target}_treeids`);
  const ofNode = intsOf(node, `${target}_nodeids`);
  for (let i = 0; i < ids.length; i++) {
    const leaf = indexOf(ofTree[i], ofNode[i]);
    if (feature[leaf] >= 0) throw new NotExplained('a cut of its trees has a weight');
    values[whenTrue[leaf] * width + ids[i]] += weights[i];
  }

  const roots: number[] = [];
  for (let i = 0; i < count; i++) if (isChild[i] === 0) roots.push(i);
  const given = numbers(node, 'base_values');
  const base = new Float64Array(width);
  base.set(given.length === width ? given : new Float64Array(width).fill(given[0] ?? 0));
  const trees: TreeSet = {
    ...{ width, roots: Int32Array.from(roots), feature, threshold: Float64Array.from(thresholds) },
    ...{ comparison, whenTrue, whenFalse, values },
    missingHolds: tracks.length === count ? Uint8Array.from(tracks) : new Uint8Array(count),
    sets: [],
  };
  return { trees: joinChains(trees), base };
}

/** Targets or classes of such a node. */
export function widthOf(node: GraphNode): number {
  if (node.op !== 'TreeEnsembleClassifier') return intOf(node, 'n_targets') ?? 1;
  return Math.max(intsOf(node, 'classlabels_int64s').length, stringsOf(node, 'classlabels_strings').length);
}

/** Float32 as most files have them, or a tensor of doubles. */
function numbers(node: GraphNode, name: string): ArrayLike<number> {
  return readTensorAttribute(node, `${name}_as_tensor`)?.values ?? floatsOf(node, name);
}

function comparisonOf(mode: string): number {
  const found = COMPARISONS.findIndex((name) => mode === `BRANCH_${name}`);
  if (found < 0) throw new NotExplained(`a node of its trees is a ${mode}`);
  return found;
}

/** A node's place in the list by its tree and its number there. Most files number them in order, tree by tree. */
function indexer(treeIds: Int32Array, nodeIds: Int32Array): (tree: number, node: number) => number {
  const starts = new Map<number, number>();
  let ordered = true;
  for (let i = 0; i < treeIds.length && ordered; i++) {
    if (i === 0 || treeIds[i] !== treeIds[i - 1]) {
      ordered = !starts.has(treeIds[i]);
      starts.set(treeIds[i], i);
    }
    ordered &&= nodeIds[i] === i - (starts.get(treeIds[i]) ?? 0);
  }
  if (ordered) return (tree, node) => (starts.get(tree) ?? NaN) + node;
  const places = new Map<string, number>();
  for (let i = 0; i < treeIds.length; i++) places.set(`${treeIds[i]} ${nodeIds[i]}`, i);
  return (tree, node) => places.get(`${tree} ${node}`) ?? NaN;
}
