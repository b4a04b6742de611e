import type { GraphBuilder } from '../onnx/graph.ts';
import type { BlockOf, EncoderKind, FittedEncoders } from './fitted.ts';
import { declareInputs, type RawInputs } from './inputs.ts';
import { encoders } from './shelf.ts';

/**
 * Adds fitted encoders to a graph that has no inputs yet: one input [N, 1] a raw column, all values as published.
 * The same encoders always give the same nodes.
 *
 * @returns the name of a float32 tensor [N, fitted.features.length]; every value is finite, but for gaps that `impute` leaves
 */
export function compileEncoders(fitted: FittedEncoders, graph: GraphBuilder): string {
  const inputs = declareInputs(fitted.inputs, graph);
  const blocks = fitted.blocks.map((block) => compileBlock(block, graph, inputs));
  return blocks.length === 1 ? blocks[0] : graph.node('Concat', blocks, { axis: { int: 1 } })[0];
}

function compileBlock<K extends EncoderKind>(
  block: BlockOf<K>,
  graph: GraphBuilder,
  inputs: RawInputs,
): string {
  const kind = block.kind;
  return encoders[kind].compile(block, graph, inputs);
}
