import { addShares } from '../learners/outputs.ts';
import { toShares } from '../learners/softmax.ts';
import type { GraphBuilder } from '../onnx/graph.ts';

/** What makes scores probabilities: of two classes one sigmoid, for the second; of more one a class. */
export interface Sigmoids {
  /** [sigmoids] */
  slopes: Float64Array;
  offsets: Float64Array;
}

/**
 * Writes the probabilities of one row to out[at .. at + classes], float32 numbers as the graph answers them; those of
 * several classes are brought to a sum of 1.
 *
 * @param scores [sigmoids]
 */
export function putSigmoidShares(
  { slopes, offsets }: Sigmoids,
  scores: ArrayLike<number>,
  out: Float64Array,
  at: number,
  classes: number,
): void {
  const count = slopes.length;
  if (count === 1) out[at] = 0;
  for (let k = 0; k < count; k++) {
    const logit = scores[k] * slopes[k] + offsets[k];
    // Of two classes the softmax of 0 and the logit is the sigmoid; of more, that of their logarithms is their share.
    out[at + (classes - count) + k] = count === 1 ? logit : logSigmoid(logit);
  }
  toShares(out, at, classes);
}

/** Adds the same to a graph. @param scores float64 [N, sigmoids] */
export function addSigmoidShares(
  { slopes, offsets }: Sigmoids,
  graph: GraphBuilder,
  scores: string,
): { label: string; probabilities: string } {
  const double = (values: ArrayLike<number>) =>
    graph.constant({ type: 'double', dims: [values.length], values });
  const [scaled] = graph.node('Mul', [scores, double(slopes)]);
  const [logits] = graph.node('Add', [scaled, double(offsets)]);
  if (slopes.length > 1) return addShares(graph, addLogSigmoid(logits));
  const [zero] = graph.node('Mul', [logits, double([0])]);
  return addShares(graph, graph.node('Concat', [zero, logits], { axis: { int: 1 } })[0]);

  function addLogSigmoid(values: string): string {
    const [size] = graph.node('Abs', [values]);
    const [negative] = graph.node('Neg', [size]);
    const [exponential] = graph.node('Exp', [negative]);
    const [sum] = graph.node('Add', [exponential, double([1])]);
    const [logarithm] = graph.node('Log', [sum]);
    const [below] = graph.node('Min', [values, double([0])]);
    return graph.node('Sub', [below, logarithm])[0];
  }
}

function logSigmoid(value: number): number {
  return Math.min(value, 0) - Math.log(1 + Math.exp(-Math.abs(value)));
}
