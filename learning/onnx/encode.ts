import protobuf from 'protobufjs/minimal.js';
import type { Attribute, Constant, ElementType } from './graph.ts';
import {
  boolBytes,
  doubleBytes,
  floatBytes,
  int64Bytes,
  repeatedStringBytes,
  varintBytes,
} from './packed.ts';
import { joinBytes } from './wire.ts';
import { ATTRIBUTE_TYPES, DATA_TYPES, IR_VERSION, OPSETS } from './schema.ts';

/** What a ModelProto is made of; nodes and tensors are encoded as they are added. */
export interface ModelParts {
  nodes: Uint8Array[];
  initializers: Uint8Array[];
  inputs: Uint8Array[];
  outputs: Uint8Array[];
  metadata: Record<string, string>;
  /** Of a graph that holds somebody else's nodes; default: those that this project writes. */
  irVersion?: number;
  opsets?: Record<string, number>;
}

/** A ModelProto. The same parts give the same bytes: fields in order of their numbers, metadata in order of its keys. */
export function encodeModel(parts: ModelParts): Uint8Array {
  const graph = Writer.create();
  for (const node of parts.nodes) message(graph, 1, node);
  graph.uint32(tag(2)).string('perennial');
  for (const tensor of parts.initializers) message(graph, 5, tensor);
  for (const input of parts.inputs) message(graph, 11, input);
  for (const output of parts.outputs) message(graph, 12, output);

  const model = Writer.create();
  model.uint32(varintTag(1)).int64(parts.irVersion ?? IR_VERSION);
  // No producer_version: a release that changes nothing in a graph must not change its digest.
  model.uint32(tag(2)).string('perennial');
  message(model, 7, graph.finish());
  for (const [domain, version] of Object.entries(parts.opsets ?? OPSETS)) {
    message(
      model,
      8,
      Writer.create().uint32(tag(1)).string(domain).uint32(varintTag(2)).int64(version).finish(),
    );
  }
  for (const key of Object.keys(parts.metadata).sort()) {
    message(
      model,
      14,
      Writer.create()
        .uint32(tag(1))
        .string(key)
        .uint32(tag(2))
        .string(parts.metadata[key] ?? '')
        .finish(),
    );
  }
  return model.finish();
}

export function encodeNode(node: {
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  name: string;
  attributes: Record<string, Attribute>;
}): Uint8Array {
  const writer = Writer.create();
  for (const input of node.inputs) writer.uint32(tag(1)).string(input);
  for (const output of node.outputs) writer.uint32(tag(2)).string(output);
  writer.uint32(tag(3)).string(node.name);
  writer.uint32(tag(4)).string(node.op);
  for (const name of Object.keys(node.attributes).sort()) {
    message(writer, 5, encodeAttribute(name, node.attributes[name]));
  }
  if (node.domain) writer.uint32(tag(7)).string(node.domain);
  return writer.finish();
}

/** A TensorProto; `name` is its tensor's name in the graph. */
export function encodeTensor(name: string, constant: Constant): Uint8Array {
  const writer = Writer.create();
  if (constant.dims.length > 0) writer.uint32(tag(1)).bytes(varintBytes(constant.dims));
  writer.uint32(varintTag(2)).int32(DATA_TYPES[constant.type]);
  writer.uint32(tag(8)).string(name);
  if (constant.type === 'string')
    return joinBytes([writer.finish(), repeatedStringBytes(6, constant.values as readonly string[])]);
  return writer
    .uint32(tag(9))
    .bytes(rawBytes(constant.type, constant.values as ArrayLike<number>))
    .finish();
}

/** A ValueInfoProto of a tensor; `N` in `dims` is the symbolic number of rows. */
export function encodeValueInfo(
  name: string,
  type: ElementType,
  dims: readonly (number | 'N')[],
): Uint8Array {
  const shape = Writer.create();
  for (const dim of dims) {
    const dimension = Writer.create();
    if (dim === 'N') dimension.uint32(tag(2)).string('N');
    else dimension.uint32(varintTag(1)).int64(dim);
    message(shape, 1, dimension.finish());
  }
  const tensorType = Writer.create().uint32(varintTag(1)).int32(DATA_TYPES[type]);
  message(tensorType, 2, shape.finish());
  const typeProto = Writer.create();
  message(typeProto, 1, tensorType.finish());
  const info = Writer.create().uint32(tag(1)).string(name);
  message(info, 2, typeProto.finish());
  return info.finish();
}

/** A tensor's `raw_data`. */
export function rawBytes(type: Exclude<ElementType, 'string'>, values: ArrayLike<number>): Uint8Array {
  switch (type) {
    case 'float':
      return floatBytes(values);
    case 'double':
      return doubleBytes(values);
    case 'int64':
      return int64Bytes(values);
    case 'bool':
      return boolBytes(values);
  }
}

const { Writer } = protobuf;

function encodeAttribute(name: string, attribute: Attribute): Uint8Array {
  const writer = Writer.create().uint32(tag(1)).string(name);
  const typed = (type: keyof typeof ATTRIBUTE_TYPES) =>
    writer.uint32(varintTag(20)).int32(ATTRIBUTE_TYPES[type]);
  if ('float' in attribute) writer.uint32(2 * 8 + 5).float(attribute.float);
  else if ('int' in attribute) writer.uint32(varintTag(3)).int64(attribute.int);
  else if ('string' in attribute) writer.uint32(tag(4)).string(attribute.string);
  else if ('floats' in attribute) writer.uint32(tag(7)).bytes(floatBytes(attribute.floats));
  else if ('ints' in attribute) writer.uint32(tag(8)).bytes(varintBytes(attribute.ints));
  else return joinBytes([typed('strings').finish(), repeatedStringBytes(9, attribute.strings)]);
  return typed(Object.keys(attribute)[0] as keyof typeof ATTRIBUTE_TYPES).finish();
}

/** Field number to wire tag: length-delimited, and variable-length integer. */
function tag(field: number): number {
  return field * 8 + 2;
}

function varintTag(field: number): number {
  return field * 8;
}

function message(writer: protobuf.Writer, field: number, bytes: Uint8Array): void {
  writer.uint32(tag(field)).bytes(bytes);
}
