import protobuf from 'protobufjs/light.js';
import type { ElementType } from './graph.ts';
import { DATA_TYPES, ONNX_DESCRIPTOR } from './schema.ts';

/** A model file as plain objects: for inspection, tests and reports. */
export interface DecodedModel {
  irVersion: number;
  producer: string;
  opsets: Record<string, number>;
  metadata: Record<string, string>;
  inputs: DecodedValue[];
  outputs: DecodedValue[];
  nodes: DecodedNode[];
  initializers: { name: string; type: ElementType | 'other'; dims: number[]; bytes: number }[];
}

export interface DecodedValue {
  name: string;
  type: ElementType | 'other';
  dims: (number | string)[];
}

export interface DecodedNode {
  op: string;
  domain: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, number | string | number[] | string[]>;
}

/**
 * Reads a ModelProto, as far as this project writes them; fields that it does not know are left out.
 *
 * @throws Error where the bytes are not protobuf.
 */
export function decodeModel(bytes: Uint8Array): DecodedModel {
  const model = ModelProto.toObject(ModelProto.decode(bytes), {
    longs: Number,
    arrays: true,
    objects: true,
    defaults: true,
  }) as RawModel;
  const { graph } = model;
  return {
    irVersion: model.irVersion,
    producer: model.producerName,
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain, version])),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    inputs: (graph?.input ?? []).map(decodeValue),
    outputs: (graph?.output ?? []).map(decodeValue),
    nodes: (graph?.node ?? []).map((node) => ({
      op: node.opType,
      domain: node.domain,
      name: node.name,
      inputs: node.input,
      outputs: node.output,
      attributes: Object.fromEntries(
        node.attribute.map((attribute) => [attribute.name, attributeValue(attribute)]),
      ),
    })),
    initializers: (graph?.initializer ?? []).map((tensor) => ({
      name: tensor.name,
      type: elementType(tensor.dataType),
      dims: tensor.dims,
      bytes: tensor.rawData.length + tensor.stringData.reduce((sum, text) => sum + text.length, 0),
    })),
  };
}

const ModelProto = protobuf.Root.fromJSON(ONNX_DESCRIPTOR).lookupType('ModelProto');
const text = new TextDecoder();

interface RawModel {
  irVersion: number;
  producerName: string;
  opsetImport: { domain: string; version: number }[];
  metadataProps: { key: string; value: string }[];
  graph: {
    node: {
      opType: string;
      domain: string;
      name: string;
      input: string[];
      output: string[];
      attribute: RawAttribute[];
    }[];
    initializer: {
      name: string;
      dataType: number;
      dims: number[];
      rawData: Uint8Array;
      stringData: Uint8Array[];
    }[];
    input: RawValue[];
    output: RawValue[];
  } | null;
}

interface RawAttribute {
  name: string;
  type: number;
  f: number;
  i: number;
  s: Uint8Array;
  floats: number[];
  ints: number[];
  strings: Uint8Array[];
}

interface RawValue {
  name: string;
  type: {
    tensorType: { elemType: number; shape: { dim: { dimValue: number; dimParam: string }[] } | null } | null;
  } | null;
}

function decodeValue({ name, type }: RawValue): DecodedValue {
  return {
    name,
    type: elementType(type?.tensorType?.elemType ?? 0),
    dims: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) => dimParam || dimValue),
  };
}

function elementType(dataType: number): ElementType | 'other' {
  const found = Object.entries(DATA_TYPES).find(([, number]) => number === dataType);
  return found ? (found[0] as ElementType) : 'other';
}

/** By AttributeProto.type; tensors and subgraphs are only named. */
function attributeValue(attribute: RawAttribute): number | string | number[] | string[] {
  switch (attribute.type) {
    case 1:
      return attribute.f;
    case 2:
      return attribute.i;
    case 3:
      return text.decode(attribute.s);
    case 6:
      return attribute.floats;
    case 7:
      return attribute.ints;
    case 8:
      return attribute.strings.map((bytes) => text.decode(bytes));
    default:
      return `(attribute of type ${attribute.type})`;
  }
}
