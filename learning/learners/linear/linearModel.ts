import type { GraphBuilder } from '../../onnx/graph.ts';
import { ONNX_DOUBLE, ONNX_FLOAT } from '../outputs.ts';

/** A number as a weighted sum of the features. */
export interface LinearModel {
  /** [columns] */
  weights: Float64Array;
  intercept: number;
}

/** @returns [rows], float32 numbers as the graph answers them */
export function predictLinear(
  { weights, intercept }: LinearModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    let value = 0;
    for (let f = 0; f < columns; f++) value += x[at + f] * weights[f];
    values[i] = Math.fround(value + intercept);
  }
  return values;
}

/** Adds the sum in float64, rounded to float32 at its end. */
export function linearToOnnx({ weights, intercept }: LinearModel, graph: GraphBuilder, features: string) {
  const vector = graph.constant({ type: 'double', dims: [weights.length], values: weights });
  const bias = graph.constant({ type: 'double', dims: [], values: [intercept] });
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const [product] = graph.node('MatMul', [exact, vector]);
  const [value] = graph.node('Add', [product, bias]);
  return { prediction: graph.node('Cast', [value], { to: { int: ONNX_FLOAT } })[0] };
}
