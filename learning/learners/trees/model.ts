import type { GraphBuilder } from '../../onnx/graph.ts';
import { addLabel, ONNX_FLOAT } from '../outputs.ts';
import type { TreeEnsemble } from './ensemble.ts';
import { joinEnsembles } from './ensemble.ts';
import type { LeafScale } from './leaves.ts';
import { addEnsemble, addUnits } from './onnx.ts';
import { sumLeaves } from './predictor.ts';

/** Trees and how their sums are read. */
export interface TreeModel {
  ensemble: TreeEnsemble;
  /** Trees of the whole model, of which a part may hold fewer. */
  trees: number;
  /** Classification: what the sums of a row add up to. */
  votes?: number;
  /** Regression: how a sum is read as a value. */
  scale?: LeafScale;
}

export function joinModels(parts: TreeModel[]): TreeModel {
  return { ...parts[0], ensemble: joinEnsembles(parts.map((part) => part.ensemble)) };
}

/** Classification: [rows, classes] probabilities. Regression: [rows] values. Both float32 numbers. */
export function predictTrees(
  model: TreeModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const sums = sumLeaves(model.ensemble, x, columns, index);
  if (!model.scale) {
    const votes = model.votes ?? 1;
    for (let i = 0; i < sums.length; i++) sums[i] = Math.fround(sums[i] / votes);
    return sums;
  }
  const { base, unit, bits } = model.scale;
  const values = new Float64Array(sums.length / 2);
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.fround(base + (sums[2 * i] * (2 ** bits * unit) + sums[2 * i + 1] * unit) / model.trees);
  }
  return values;
}

/** The same arithmetic as predictTrees, operation by operation. */
export function treesToOnnx(
  model: TreeModel,
  graph: GraphBuilder,
  features: string,
): { label: string; probabilities: string } | { prediction: string } {
  const sums = addEnsemble(model.ensemble, graph, features);
  const double = (values: number[], dims: number[] = []) => graph.constant({ type: 'double', dims, values });
  if (!model.scale) {
    const votes = graph.constant({ type: 'float', dims: [], values: [model.votes ?? 1] });
    const [probabilities] = graph.node('Div', [sums, votes]);
    return { label: addLabel(graph, probabilities), probabilities };
  }
  const total = addUnits(graph, sums, model.scale);
  const [mean] = graph.node('Div', [total, double([model.trees])]);
  const [value] = graph.node('Add', [mean, double([model.scale.base])]);
  return { prediction: graph.node('Cast', [value], { to: { int: ONNX_FLOAT } })[0] };
}
