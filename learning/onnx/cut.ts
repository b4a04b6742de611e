import protobuf from 'protobufjs/minimal.js';
import { encodeNode, encodeValueInfo } from './encode.ts';
import type { GraphFile } from './read.ts';
import { joinBytes } from './wire.ts';
import { ONNX_FLOAT } from '../learners/outputs.ts';

/**
 * The part of a model before one of its tensors, as a model of its own whose output `features` is that tensor, float32
 * [N, columns]: what the encoders computed is then asked of the very nodes that the model has.
 *
 * @throws RangeError where the file has a tensor `features` that is another one
 */
export function cutBefore(file: GraphFile, tensor: string, columns: number): Uint8Array {
  const needed = new Set<string>();
  const waiting = [tensor];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    waiting.push(...(file.writers.get(name)?.inputs ?? []));
  }
  if (tensor !== OUTPUT && needed.has(OUTPUT))
    throw new RangeError(`A tensor of the model is called "${OUTPUT}" already.`);

  const graph = protobuf.Writer.create();
  const write = (field: number, bytes: Uint8Array) => void graph.uint32(field * 8 + 2).bytes(bytes);
  for (const node of file.nodes) if (node.outputs.some((name) => needed.has(name))) write(1, node.bytes);
  if (tensor !== OUTPUT) {
    const attributes = { to: { int: ONNX_FLOAT } };
    const names = { inputs: [tensor], outputs: [OUTPUT], name: `Cast_${OUTPUT}` };
    write(1, encodeNode({ op: 'Cast', domain: '', ...names, attributes }));
  }
  graph.uint32(2 * 8 + 2).string('cut');
  for (const [name, bytes] of file.initializers) if (needed.has(name)) write(5, bytes);
  for (const [name, bytes] of file.inputs) if (needed.has(name)) write(11, bytes);
  write(12, encodeValueInfo(OUTPUT, 'float', ['N', columns]));

  const model = protobuf.Writer.create();
  model.uint32(7 * 8 + 2).bytes(graph.finish());
  // A message's fields may stand in any order.
  return joinBytes([...file.rest, model.finish()]);
}

const OUTPUT = 'features';
