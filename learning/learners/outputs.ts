import type { GraphBuilder } from '../onnx/graph.ts';

/** Element types of a Cast, by their numbers in ONNX's TensorProto. */
export const ONNX_FLOAT = 1;
export const ONNX_INT64 = 7;
export const ONNX_DOUBLE = 11;

/** Adds the index of the largest probability, the lowest on ties: int64 [N]. */
export function addLabel(graph: GraphBuilder, probabilities: string): string {
  return graph.node('ArgMax', [probabilities], {
    axis: { int: 1 },
    keepdims: { int: 0 },
    select_last_index: { int: 0 },
  })[0];
}

/** Adds the probabilities and labels of float64 scores [N, classes], as `toShares` has them. */
export function addShares(graph: GraphBuilder, scores: string): { label: string; probabilities: string } {
  const [shares] = graph.node('Softmax', [scores], { axis: { int: 1 } });
  const [probabilities] = graph.node('Cast', [shares], { to: { int: ONNX_FLOAT } });
  return { label: addLabel(graph, probabilities), probabilities };
}
