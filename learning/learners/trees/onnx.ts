import type { Attribute, GraphBuilder } from '../../onnx/graph.ts';
import { ONNX_DOUBLE } from '../outputs.ts';
import { SET_WORDS, type CategorySets, type TreeEnsemble } from './ensemble.ts';
import type { LeafScale } from './leaves.ts';

/**
 * Adds a TreeEnsembleRegressor (ai.onnx.ml 3) whose weights are the leaves' integers, and returns its output,
 * float32 [N, outputs]. Its sums are exact in any order, so they equal sumLeaves.
 *
 * A set of categories becomes a chain of questions for one category after another (BRANCH_EQ), all with the same child
 * where it is met, as onnxmltools writes LightGBM's: ONNX Runtime asks categories up to 32 at once by a mask again.
 * ai.onnx.ml 5 has sets of its own, but no TreeEnsembleRegressor. It asks at once wherever it takes the children for equal,
 * also of two sets in a row, and of leaves it compares the value and the first weight that is named alone (1.30,
 * CheckIfSubtreesAreEqual): [5, 7] was [5, 9], and a vote for one class one for another. So leaves get values of their own,
 * which nothing else reads.
 */
export function addEnsemble(ensemble: TreeEnsemble, graph: GraphBuilder, input: string): string {
  const { outputs, roots, feature, threshold, next, values, missingLeft, sets } = ensemble;
  const nodes = feature.length;
  // Those of the chains that sets become stand behind the others of their tree.
  const total = nodes + (sets ? countMore(ensemble, sets) : 0);
  const treeIds = new Int32Array(total);
  const nodeIds = new Int32Array(total);
  const trueIds = new Int32Array(total);
  const falseIds = new Int32Array(total);
  const features = new Int32Array(total);
  const cuts = new Float32Array(total);
  const tracks = missingLeft && new Int32Array(total);
  const modes = new Array<string>(total);
  const target: { trees: number[]; nodes: number[]; ids: number[]; weights: number[] } = {
    trees: [],
    nodes: [],
    ids: [],
    weights: [],
  };
  let written = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree];
    const end = tree + 1 < roots.length ? roots[tree + 1] : nodes;
    const first = written;
    let more = first + end - root;
    for (let node = root; node < end; node++) {
      const at = first + node - root;
      if (feature[node] >= 0) {
        const [whenTrue, whenFalse] = [next[node] - root, next[node] + 1 - root];
        if (sets && sets.at[node] >= 0) {
          const chain = categoriesAt(sets, sets.at[node]);
          chain.forEach((category, i) => {
            const last = i + 1 === chain.length;
            const place = i === 0 ? at : more++;
            write(place, 'BRANCH_EQ', node, category, whenTrue, last ? whenFalse : more - first);
          });
          continue;
        }
        write(at, 'BRANCH_LEQ', node, threshold[node], whenTrue, whenFalse);
        if (tracks && missingLeft) tracks[at] = missingLeft[node];
        continue;
      }
      modes[at] = 'LEAF';
      cuts[at] = sets ? node - root : threshold[node];
      let named = 0;
      for (let k = 0; k < outputs; k++) {
        const weight = values[next[node] + k];
        // A target that is not named adds 0; a leaf must name one.
        if (weight === 0 && (named > 0 || k < outputs - 1)) continue;
        named++;
        target.trees.push(tree);
        target.nodes.push(node - root);
        target.ids.push(k);
        target.weights.push(weight);
      }
    }
    for (let at = first; at < more; at++) {
      treeIds[at] = tree;
      nodeIds[at] = at - first;
    }
    written = more;
  }
  const attributes: Record<string, Attribute> = {
    aggregate_function: { string: 'SUM' },
    n_targets: { int: outputs },
    nodes_falsenodeids: { ints: falseIds },
    nodes_featureids: { ints: features },
    ...(tracks ? { nodes_missing_value_tracks_true: { ints: tracks } } : {}),
    nodes_modes: { strings: modes },
    nodes_nodeids: { ints: nodeIds },
    nodes_treeids: { ints: treeIds },
    nodes_truenodeids: { ints: trueIds },
    nodes_values: { floats: cuts },
    post_transform: { string: 'NONE' },
    target_ids: { ints: target.ids },
    target_nodeids: { ints: target.nodes },
    target_treeids: { ints: target.trees },
    target_weights: { floats: target.weights },
  };
  return graph.node('TreeEnsembleRegressor', [input], attributes, { domain: 'ai.onnx.ml' })[0];

  function write(
    at: number,
    mode: string,
    node: number,
    cut: number,
    whenTrue: number,
    whenFalse: number,
  ): void {
    modes[at] = mode;
    features[at] = feature[node];
    cuts[at] = cut;
    trueIds[at] = whenTrue;
    falseIds[at] = whenFalse;
  }
}

/** Nodes of all chains beyond their first ones. */
function countMore({ feature }: TreeEnsemble, sets: CategorySets): number {
  return feature.reduce(
    (sum, f, node) => (f < 0 || sets.at[node] < 0 ? sum : sum + categoriesAt(sets, sets.at[node]).length - 1),
    0,
  );
}

/** The categories of a set, ascending. */
function categoriesAt({ words }: CategorySets, start: number): number[] {
  const categories: number[] = [];
  for (let category = 0; category < 32 * SET_WORDS; category++)
    if (((words[start + (category >> 5)] >>> (category & 31)) & 1) === 1) categories.push(category);
  return categories;
}

/** Adds the float64 [N] that sums [N, 2] of leaves stand for, less the scale's base. */
export function addUnits(graph: GraphBuilder, sums: string, { unit, bits }: LeafScale): string {
  const [exact] = graph.node('Cast', [sums], { to: { int: ONNX_DOUBLE } });
  // No MatMul: ONNX Runtime 1.30 fuses MatMul and Div into a FusedMatMul whose factor 1 / trees is a float32.
  const factors = graph.constant({ type: 'double', dims: [2], values: [2 ** bits * unit, unit] });
  const [parts] = graph.node('Mul', [exact, factors]);
  const axis = graph.constant({ type: 'int64', dims: [1], values: [1] });
  return graph.node('ReduceSum', [parts, axis], { keepdims: { int: 0 } })[0];
}
