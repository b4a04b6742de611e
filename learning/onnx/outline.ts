import { decodeText, readFields, readPacked, textIn } from './wire.ts';

/**
 * Somebody else's ModelProto as far as it has to be understood to work with it: names, types, shapes. What nodes and
 * tensors hold stays where it lies, so that a large forest costs no memory.
 */
export interface Outline {
  irVersion: number;
  producer: { name: string; version: string };
  /** By domain; '' is the standard one, also where the file calls it `ai.onnx`. */
  opsets: Record<string, number>;
  nodes: OutlineNode[];
  initializers: OutlineTensor[];
  inputs: OutlineValue[];
  outputs: OutlineValue[];
}

export interface OutlineNode {
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  /** Each one's AttributeProto, by its name. */
  attributes: Map<string, Uint8Array>;
  /** NodeProto. */
  bytes: Uint8Array;
}

export interface OutlineTensor {
  name: string;
  /** TensorProto.DataType. */
  dataType: number;
  dims: number[];
  /** TensorProto. */
  bytes: Uint8Array;
}

export interface OutlineValue {
  name: string;
  /** TensorProto.DataType; undefined where it is a sequence or a map. */
  dataType?: number;
  /** A dimension without a number is undefined. Undefined where the file says no shape. */
  dims?: (number | undefined)[];
}

/** @throws Error where the bytes are no protobuf */
export function readOutline(bytes: Uint8Array): Outline {
  const outline: Outline = {
    irVersion: 0,
    producer: { name: '', version: '' },
    opsets: {},
    nodes: [],
    initializers: [],
    inputs: [],
    outputs: [],
  };
  for (const { field, number, bytes: part } of readFields(bytes)) {
    if (field === 1 && number !== undefined) outline.irVersion = number;
    else if (part === undefined) continue;
    else if (field === 2) outline.producer.name = decodeText(part);
    else if (field === 3) outline.producer.version = decodeText(part);
    else if (field === 7) readGraph(part, outline);
    else if (field === 8) readOpset(part, outline.opsets);
  }
  // Older files list their constants among the inputs too.
  const constants = new Set(outline.initializers.map(({ name }) => name));
  outline.inputs = outline.inputs.filter(({ name }) => !constants.has(name));
  return outline;
}

/** An attribute's texts or whole numbers, or the values of its tensor; undefined where it holds something else. */
export function readAttribute(bytes: Uint8Array): (string | number)[] | undefined {
  const values: (string | number)[] = [];
  for (const { field, number, bytes: part } of readFields(bytes)) {
    if (field === 3 && number !== undefined) values.push(number);
    else if (field === 8) values.push(...(part ? readPacked(part) : [number ?? 0]));
    else if ((field === 4 || field === 9) && part) values.push(decodeText(part));
    else if (field === 5 && part) return readValues(readTensor(part));
    else if (field === 2 || field === 6 || field === 7) return undefined;
  }
  return values;
}

/** The values of a tensor of text, int32, int64 or bool; undefined of another. */
export function readValues({ dataType, bytes }: OutlineTensor): (string | number)[] | undefined {
  const values: (string | number)[] = [];
  for (const { field, number, bytes: part } of readFields(bytes)) {
    if (field === 6 && part) values.push(decodeText(part));
    else if (field === 5 || field === 7) values.push(...(part ? readPacked(part) : [number ?? 0]));
    else if (field === 9 && part && part.length > 0) return rawValues(dataType, part);
    else if (field === 4 || field === 10) return undefined;
  }
  return values;
}

export function readTensor(bytes: Uint8Array): OutlineTensor {
  const tensor: OutlineTensor = { name: '', dataType: 0, dims: [], bytes };
  for (const { field, number, bytes: part } of readFields(bytes)) {
    if (field === 1) tensor.dims.push(...(part ? readPacked(part) : [number ?? 0]));
    else if (field === 2) tensor.dataType = number ?? 0;
    else if (field === 8 && part) tensor.name = decodeText(part);
  }
  return tensor;
}

function readGraph(bytes: Uint8Array, outline: Outline): void {
  for (const { field, bytes: part } of readFields(bytes)) {
    if (part === undefined) continue;
    if (field === 1) outline.nodes.push(readNode(part));
    else if (field === 5) outline.initializers.push(readTensor(part));
    else if (field === 11) outline.inputs.push(readValue(part));
    else if (field === 12) outline.outputs.push(readValue(part));
  }
}

function readNode(bytes: Uint8Array): OutlineNode {
  const node: OutlineNode = { op: '', domain: '', inputs: [], outputs: [], attributes: new Map(), bytes };
  for (const { field, bytes: part } of readFields(bytes)) {
    if (part === undefined) continue;
    if (field === 1) node.inputs.push(decodeText(part));
    else if (field === 2) node.outputs.push(decodeText(part));
    else if (field === 4) node.op = decodeText(part);
    else if (field === 5) node.attributes.set(textIn(part, NAME), part);
    else if (field === 7) node.domain = standard(decodeText(part));
  }
  return node;
}

function readOpset(bytes: Uint8Array, opsets: Record<string, number>): void {
  let domain = '';
  let version = 0;
  for (const { field, number, bytes: part } of readFields(bytes)) {
    if (field === 1 && part) domain = standard(decodeText(part));
    else if (field === 2) version = number ?? 0;
  }
  opsets[domain] = Math.max(version, opsets[domain] ?? 0);
}

function readValue(bytes: Uint8Array): OutlineValue {
  const value: OutlineValue = { name: textIn(bytes, NAME) };
  const tensor = messageIn(messageIn(bytes, 2), 1);
  if (!tensor) return value;
  for (const { field, number, bytes: part } of readFields(tensor)) {
    if (field === 1) value.dataType = number;
    else if (field === 2 && part) value.dims = readShape(part);
  }
  return value;
}

/** Exporters write 0 where they know no number. */
function readShape(bytes: Uint8Array): (number | undefined)[] {
  const dims: (number | undefined)[] = [];
  for (const { field, bytes: dim } of readFields(bytes)) {
    if (field !== 1 || !dim) continue;
    let size: number | undefined;
    for (const inner of readFields(dim)) if (inner.field === 1 && inner.number) size = inner.number;
    dims.push(size);
  }
  return dims;
}

function messageIn(bytes: Uint8Array | undefined, wanted: number): Uint8Array | undefined {
  if (!bytes) return undefined;
  for (const { field, bytes: part } of readFields(bytes)) if (field === wanted && part) return part;
  return undefined;
}

function standard(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Of AttributeProto and ValueInfoProto. */
const NAME = 1;

const INT32 = 6;
const INT64 = 7;
const BOOL = 9;

function rawValues(dataType: number, raw: Uint8Array): number[] | undefined {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (dataType === BOOL) return Array.from(raw);
  if (dataType === INT64)
    return Array.from({ length: Math.floor(raw.length / 8) }, (_, i) =>
      Number(view.getBigInt64(i * 8, true)),
    );
  if (dataType === INT32)
    return Array.from({ length: Math.floor(raw.length / 4) }, (_, i) => view.getInt32(i * 4, true));
  return undefined;
}
