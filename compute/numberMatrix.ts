import protobuf from 'protobufjs/minimal.js';
import { encodeNode, encodeTensor, encodeValueInfo } from '../learning/onnx/encode.ts';
import { DATA_TYPES } from '../learning/onnx/schema.ts';

/** A model that reads its number columns as one matrix, and is otherwise the one it was made of. */
export interface MatrixModel {
  bytes: Uint8Array;
  /** The input that holds them: double [N, columns.length]. */
  input: string;
  columns: string[];
  /** All inputs of the model as it was published, in their order. */
  published: string[];
}

/**
 * Has a model read its columns of doubles [N, 1] as one input [N, columns]. To hand a tensor to ONNX Runtime costs some
 * 1.7 us whatever is in it, and a row has as many as the model has columns: a forest of 100 trees over 20 of them answers
 * a row in 50 us, and so in 18. The nodes that compute stay as they are, so the answers do to the bit.
 *
 * @param bytes an ONNX file that `refuseUnsafeModel` let pass
 * @returns undefined where it has fewer than two such columns, or they are used in a way that this does not know
 */
export function withNumberMatrix(bytes: Uint8Array): MatrixModel | undefined {
  const model = fieldsOf(bytes);
  const graphs = model.filter(({ field }) => field === MODEL_GRAPH);
  if (graphs.length !== 1 || !splitsBySizes(model)) return undefined;
  const graph = fieldsOf(graphs[0].body);
  const nodes = new Map(
    graph.filter(({ field }) => field === NODE).map((node) => [node, readNode(node.body)]),
  );
  const inputs = graph
    .filter(({ field }) => field === INPUT)
    .map((input) => ({ input, ...readValue(input.body) }));
  const numbers = inputs.filter(({ isNumberColumn }) => isNumberColumn);
  const otherwise = new Set(
    graph.filter(({ field }) => field === OUTPUT || field === INITIALIZER).map(nameOf),
  );
  if (numbers.length < 2 || numbers.some(({ name }) => otherwise.has(name))) return undefined;

  const joints = findJoints(nodes, new Set(numbers.map(({ name }) => name)));
  const joined = new Set([...joints.values()].flatMap(({ reads }) => reads));
  const segments = [
    ...[...joints.values()].map(({ reads, writes }) => ({ columns: reads, tensor: writes[0] })),
    ...numbers.filter(({ name }) => !joined.has(name)).map(({ name }) => ({ columns: [name], tensor: name })),
  ];
  const columns = segments.flatMap((segment) => segment.columns);
  const names = new Set([...inputs.map(({ name }) => name), ...otherwise]);
  for (const { reads, writes } of nodes.values()) for (const name of [...reads, ...writes]) names.add(name);
  const input = segments.length === 1 ? segments[0].tensor : unused('numbers', names);

  const gone = new Set<Field>([...numbers.map((number) => number.input), ...joints.keys()]);
  const parts = [
    ...(segments.length === 1 ? [] : split(input, segments, unused('widths', names))),
    ...graph.filter((field) => !gone.has(field)).map(({ whole }) => whole),
    message(INPUT, encodeValueInfo(input, 'double', ['N', columns.length])),
  ];
  const edited = message(MODEL_GRAPH, Buffer.concat(parts));
  return {
    bytes: Buffer.concat(model.map((field) => (field === graphs[0] ? edited : field.whole))),
    ...{ input, columns, published: inputs.map(({ name }) => name) },
  };
}

/** Field numbers of ModelProto, GraphProto, NodeProto. */
const MODEL_GRAPH = 7;
const MODEL_OPSET = 8;
const NODE = 1;
const INITIALIZER = 5;
const INPUT = 11;
const OUTPUT = 12;
const TENSOR_NAME = 8;

interface Field {
  field: number;
  /** With its tag. */
  whole: Uint8Array;
  /** Of a message or a text; empty otherwise. */
  body: Uint8Array;
  /** Of an integer; 0 otherwise. */
  integer: number;
}

interface Node {
  op: string;
  reads: string[];
  writes: string[];
  axis?: number;
}

/** Where columns are put side by side and read nowhere else: the matrix has them side by side already. */
function findJoints(nodes: ReadonlyMap<Field, Node>, numbers: ReadonlySet<string>): Map<Field, Node> {
  const uses = new Map<string, number>();
  for (const { reads } of nodes.values()) for (const name of reads) uses.set(name, (uses.get(name) ?? 0) + 1);
  return new Map(
    [...nodes].filter(
      ([, { op, axis, reads }]) =>
        op === 'Concat' && axis === 1 && reads.every((name) => numbers.has(name) && uses.get(name) === 1),
    ),
  );
}

/** The matrix cut into pieces under the names that the graph knows them by. */
function split(
  input: string,
  segments: readonly { columns: string[]; tensor: string }[],
  widths: string,
): Uint8Array[] {
  const sizes = segments.map(({ columns }) => columns.length);
  const node = {
    ...{ op: 'Split', domain: '', name: `Split_${input}`, inputs: [input, widths] },
    ...{ outputs: segments.map(({ tensor }) => tensor), attributes: { axis: { int: 1 } } },
  };
  return [
    message(NODE, encodeNode(node)),
    message(INITIALIZER, encodeTensor(widths, { type: 'int64', dims: [sizes.length], values: sizes })),
  ];
}

/** Since opset 13 Split reads the sizes from a tensor; before, they were an attribute. */
function splitsBySizes(model: readonly Field[]): boolean {
  const opsets = model.filter(({ field }) => field === MODEL_OPSET).map(({ body }) => fieldsOf(body));
  const standard = opsets.find((opset) => {
    const domain = textOf(opset, 1);
    return domain === '' || domain === 'ai.onnx';
  });
  return (standard?.find(({ field }) => field === 2)?.integer ?? 0) >= 13;
}

function readNode(body: Uint8Array): Node {
  const fields = fieldsOf(body);
  const texts = (wanted: number) =>
    fields.filter(({ field }) => field === wanted).map((field) => text(field.body));
  const op = textOf(fields, 4);
  const axis =
    op === 'Concat'
      ? fields
          .filter(({ field }) => field === 5)
          .map((attribute) => fieldsOf(attribute.body))
          .find((attribute) => textOf(attribute, 1) === 'axis')
          ?.find(({ field }) => field === 3)?.integer
      : undefined;
  return { op, axis, reads: texts(1).filter((name) => name !== ''), writes: texts(2) };
}

/** A ValueInfoProto: its name, and whether it is a tensor of doubles whose second of two dimensions is 1. */
function readValue(body: Uint8Array): { name: string; isNumberColumn: boolean } {
  const info = fieldsOf(body);
  const tensor = inner(inner(info, 2), 1);
  const shape = inner(tensor, 2);
  const isDouble = tensor.find(({ field }) => field === 1)?.integer === DATA_TYPES.double;
  const width =
    shape.length === 2 ? fieldsOf(shape[1].body).find(({ field }) => field === 1)?.integer : undefined;
  return { name: textOf(info, 1), isNumberColumn: isDouble && width === 1 };
}

function nameOf({ field, body }: Field): string {
  return textOf(fieldsOf(body), field === INITIALIZER ? TENSOR_NAME : 1);
}

function inner(fields: readonly Field[], wanted: number): Field[] {
  const found = fields.find(({ field }) => field === wanted);
  return found ? fieldsOf(found.body) : [];
}

function textOf(fields: readonly Field[], wanted: number): string {
  const found = fields.find(({ field }) => field === wanted);
  return found ? text(found.body) : '';
}

const VARINT = 0;
const BYTES = 2;

/** A message's fields as views of its bytes: nothing is copied, and nothing within them is looked at. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = reader.uint32();
    const wire = tag & 7;
    let body = bytes.subarray(0, 0);
    let integer = 0;
    if (wire === BYTES) {
      const length = reader.uint32();
      body = bytes.subarray(reader.pos, reader.pos + length);
      reader.skip(length);
    } else if (wire === VARINT) {
      integer = reader.int32();
    } else {
      reader.skipType(wire);
    }
    fields.push({ field: tag >>> 3, whole: bytes.subarray(start, reader.pos), body, integer });
  }
  return fields;
}

function message(field: number, body: Uint8Array): Uint8Array {
  const head = protobuf.Writer.create()
    .uint32(field * 8 + BYTES)
    .uint32(body.length)
    .finish();
  return Buffer.concat([head, body]);
}

function unused(stem: string, names: Set<string>): string {
  let name = stem;
  while (names.has(name)) name += '_';
  names.add(name);
  return name;
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
