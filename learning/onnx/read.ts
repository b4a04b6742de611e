import protobuf from 'protobufjs/minimal.js';
import { DATA_TYPES } from './schema.ts';
import { decodeText, readFields, textIn } from './wire.ts';

/** A model file as its nodes and tensors, each with its own bytes, so that a part of it can be cut out unchanged. */
export interface GraphFile {
  /** What the file says besides its graph (versions of operators, metadata), as it stands. */
  rest: Uint8Array[];
  nodes: GraphNode[];
  initializers: ReadonlyMap<string, Uint8Array>;
  /** ValueInfoProtos by name. */
  inputs: ReadonlyMap<string, Uint8Array>;
  outputs: string[];
  /** The node that writes a tensor. */
  writers: ReadonlyMap<string, GraphNode>;
}

export interface GraphNode {
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  /** AttributeProtos by name; read by `intsOf` and its like, for a forest's hold millions of numbers. */
  attributes: ReadonlyMap<string, Uint8Array>;
  bytes: Uint8Array;
}

/** @throws Error where the bytes are not protobuf */
export function readGraph(bytes: Uint8Array): GraphFile {
  const rest: Uint8Array[] = [];
  const nodes: GraphNode[] = [];
  const initializers = new Map<string, Uint8Array>();
  const inputs = new Map<string, Uint8Array>();
  const outputs: string[] = [];
  for (const { field, bytes: graph, whole } of readFields(bytes)) {
    if (field !== 7 || !graph) {
      rest.push(whole);
      continue;
    }
    for (const { field: kind, bytes: part } of readFields(graph)) {
      if (!part) continue;
      if (kind === 1) nodes.push(readNode(part));
      else if (kind === 5) initializers.set(textIn(part, 8), part);
      else if (kind === 11) inputs.set(textIn(part, 1), part);
      else if (kind === 12) outputs.push(textIn(part, 1));
    }
  }
  // Older files list their constants among the inputs too.
  for (const name of initializers.keys()) inputs.delete(name);
  const writers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  return { rest, nodes, initializers, inputs, outputs, writers };
}

/** Integers of an attribute, or none where it is absent. Those beyond 32 bits are not told apart. */
export function intsOf(node: GraphNode, name: string): Int32Array {
  const attribute = node.attributes.get(name);
  return attribute ? readInts(attribute, 8) : new Int32Array();
}

/** Float32 numbers of an attribute, or none where it is absent. */
export function floatsOf(node: GraphNode, name: string): Float32Array {
  const attribute = node.attributes.get(name);
  return attribute ? readFloats(attribute, 7) : new Float32Array();
}

/** Texts of an attribute, or none where it is absent. */
export function stringsOf(node: GraphNode, name: string): string[] {
  const attribute = node.attributes.get(name);
  if (!attribute) return [];
  const texts: string[] = [];
  const reader = protobuf.Reader.create(attribute);
  while (reader.pos < attribute.length) {
    const tag = reader.uint32();
    if (tag === 9 * 8 + 2) texts.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return texts;
}

export function intOf(node: GraphNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute && readInts(attribute, 3)[0];
}

export function stringOf(node: GraphNode, name: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute && textIn(attribute, 4);
}

/** A tensor of an attribute; undefined where it is absent, or one of text. */
export function readTensorAttribute(node: GraphNode, name: string): TensorValues | undefined {
  const attribute = node.attributes.get(name);
  const tensor = attribute && [...readFields(attribute)].find(({ field }) => field === 5)?.bytes;
  return tensor && readTensor(tensor);
}

export interface TensorValues {
  dims: number[];
  values: Float64Array;
}

/** A constant of numbers; undefined where the name is none, or one of text. */
export function constantOf(file: GraphFile, name: string): TensorValues | undefined {
  const bytes = file.initializers.get(name);
  return bytes && readTensor(bytes);
}

/** A TensorProto's numbers, however they are written down; undefined where they are none. */
export function readTensor(bytes: Uint8Array): TensorValues | undefined {
  const dims = Array.from(readInts(bytes, 1));
  const [type] = readInts(bytes, 2);
  const raw = [...readFields(bytes)].find(({ field }) => field === 9)?.bytes;
  switch (type) {
    case DATA_TYPES.float:
      return { dims, values: raw ? singles(raw) : Float64Array.from(readFloats(bytes, 4)) };
    case DATA_TYPES.double:
      return { dims, values: raw ? doubles(raw) : readDoubles(bytes, 10) };
    case DATA_TYPES.int64:
      return { dims, values: raw ? longs(raw) : Float64Array.from(readInts(bytes, 7)) };
    default:
      return undefined;
  }
}

function readNode(bytes: Uint8Array): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Uint8Array>();
  let op = '';
  let domain = '';
  for (const { field, bytes: part } of readFields(bytes)) {
    if (!part) continue;
    if (field === 1) inputs.push(decodeText(part));
    else if (field === 2) outputs.push(decodeText(part));
    else if (field === 4) op = decodeText(part);
    // The name stands before long lists, which are not walked then.
    else if (field === 5) attributes.set(textIn(part, 1), part);
    else if (field === 7) domain = decodeText(part);
  }
  return { op, domain, inputs, outputs, attributes, bytes };
}

/** A repeated integer, packed or one by one. */
function readInts(bytes: Uint8Array, field: number): Int32Array {
  const values = new Int32Array(bytes.length);
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === field * 8) values[count++] = reader.int32();
    else if (tag === field * 8 + 2) {
      const length = reader.uint32();
      const end = reader.pos + length;
      while (reader.pos < end) values[count++] = reader.int32();
    } else reader.skipType(tag & 7);
  }
  return values.slice(0, count);
}

/** A repeated float, packed or one by one. */
function readFloats(bytes: Uint8Array, field: number): Float32Array {
  const view = viewOf(bytes);
  const values = new Float32Array(bytes.length >> 2);
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === field * 8 + 5) values[count++] = reader.float();
    else if (tag === field * 8 + 2) {
      const length = reader.uint32();
      const end = reader.pos + length;
      for (let at = reader.pos; at + 4 <= end; at += 4) values[count++] = view.getFloat32(at, true);
      reader.skip(length);
    } else reader.skipType(tag & 7);
  }
  return values.slice(0, count);
}

function readDoubles(bytes: Uint8Array, field: number): Float64Array {
  const found: number[] = [];
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === field * 8 + 1) found.push(reader.double());
    else if (tag === field * 8 + 2) {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) found.push(reader.double());
    } else reader.skipType(tag & 7);
  }
  return Float64Array.from(found);
}

function singles(raw: Uint8Array): Float64Array {
  const view = viewOf(raw);
  return Float64Array.from({ length: raw.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
}

function doubles(raw: Uint8Array): Float64Array {
  const view = viewOf(raw);
  return Float64Array.from({ length: raw.length >> 3 }, (_, i) => view.getFloat64(i * 8, true));
}

function longs(raw: Uint8Array): Float64Array {
  const view = viewOf(raw);
  return Float64Array.from({ length: raw.length >> 3 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
