import type { Attribute, GraphBuilder } from '../../onnx/graph.ts';
import { ONNX_DOUBLE } from '../outputs.ts';
import type { TreeEnsemble } from './ensemble.ts';
import type { LeafScale } from './leaves.ts';

/**
 * Adds a TreeEnsembleRegressor (ai.onnx.ml 3) whose weights are the leaves' integers, and returns its output,
 * float32 [N, outputs]. Its sums are exact in any order, so they equal sumLeaves.
 */
export function addEnsemble(ensemble: TreeEnsemble, graph: GraphBuilder, features: string): string {
  const { outputs, roots, feature, threshold, next, values, missingLeft } = ensemble;
  const nodes = feature.length;
  const treeIds = new Int32Array(nodes);
  const nodeIds = new Int32Array(nodes);
  const trueIds = new Int32Array(nodes);
  const falseIds = new Int32Array(nodes);
  const modes = new Array<string>(nodes);
  const target: { trees: number[]; nodes: number[]; ids: number[]; weights: number[] } = {
    trees: [],
    nodes: [],
    ids: [],
    weights: [],
  };
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree];
    const end = tree + 1 < roots.length ? roots[tree + 1] : nodes;
    for (let node = root; node < end; node++) {
      treeIds[node] = tree;
      nodeIds[node] = node - root;
      modes[node] = feature[node] < 0 ? 'LEAF' : 'BRANCH_LEQ';
      if (feature[node] >= 0) {
        trueIds[node] = next[node] - root;
        falseIds[node] = next[node] + 1 - root;
        continue;
      }
      let written = 0;
      for (let k = 0; k < outputs; k++) {
        const weight = values[next[node] + k];
        // A target that is not named adds 0; a leaf must name one.
        if (weight === 0 && (written > 0 || k < outputs - 1)) continue;
        written++;
        target.trees.push(tree);
        target.nodes.push(node - root);
        target.ids.push(k);
        target.weights.push(weight);
      }
    }
  }
  const attributes: Record<string, Attribute> = {
    aggregate_function: { string: 'SUM' },
    n_targets: { int: outputs },
    nodes_falsenodeids: { ints: falseIds },
    nodes_featureids: { ints: feature.map((f) => Math.max(f, 0)) },
    ...(missingLeft ? { nodes_missing_value_tracks_true: { ints: Int32Array.from(missingLeft) } } : {}),
    nodes_modes: { strings: modes },
    nodes_nodeids: { ints: nodeIds },
    nodes_treeids: { ints: treeIds },
    nodes_truenodeids: { ints: trueIds },
    nodes_values: { floats: threshold },
    post_transform: { string: 'NONE' },
    target_ids: { ints: target.ids },
    target_nodeids: { ints: target.nodes },
    target_treeids: { ints: target.trees },
    target_weights: { floats: target.weights },
  };
  return graph.node('TreeEnsembleRegressor', [features], attributes, { domain: 'ai.onnx.ml' })[0];
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
