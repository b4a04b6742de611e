import { encodeNode, encodeTensor, encodeValueInfo } from '../learning/onnx/encode.ts';
import { readAttribute, readOutline, type OutlineNode, type OutlineValue } from '../learning/onnx/outline.ts';
import { DATA_TYPES } from '../learning/onnx/schema.ts';
import { bytesField, joinBytes, readFields, textIn } from '../learning/onnx/wire.ts';

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
  const graphs = [...readFields(bytes)].flatMap(({ field, bytes: graph }) =>
    field === GRAPH && graph ? [graph] : [],
  );
  const { nodes, inputs, outputs, initializers, opsets } = readOutline(bytes);
  // Since opset 13 Split reads the sizes from a tensor; before, they were an attribute.
  if (graphs.length !== 1 || (opsets[''] ?? 0) < 13) return undefined;
  const numbers = new Set(inputs.filter(isNumberColumn).map(({ name }) => name));
  if (numbers.size < 2 || outputs.some(({ name }) => numbers.has(name))) return undefined;

  const joints = findJoints(nodes, numbers);
  const joined = new Set(joints.flatMap((joint) => joint.inputs));
  const segments = [
    ...joints.map((joint) => ({ columns: joint.inputs, tensor: joint.outputs[0] })),
    ...[...numbers].filter((name) => !joined.has(name)).map((name) => ({ columns: [name], tensor: name })),
  ];
  const columns = segments.flatMap((segment) => segment.columns);
  const names = new Set([...inputs, ...outputs, ...initializers].map(({ name }) => name));
  for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) names.add(name);
  const input = segments.length === 1 ? segments[0].tensor : unused('numbers', names);

  const gone = new Set(joints.map((joint) => joint.bytes.byteOffset));
  const kept = [...readFields(graphs[0])].filter(
    ({ field, bytes: part }) =>
      !part ||
      !(
        (field === NODE && gone.has(part.byteOffset)) ||
        (field === INPUT && numbers.has(textIn(part, VALUE_NAME)))
      ),
  );
  const graph = bytesField(
    GRAPH,
    joinBytes([
      ...(segments.length === 1 ? [] : split(input, segments, unused('widths', names))),
      ...kept.map(({ whole }) => whole),
      bytesField(INPUT, encodeValueInfo(input, 'double', ['N', columns.length])),
    ]),
  );
  return {
    bytes: joinBytes([...readFields(bytes)].map(({ field, whole }) => (field === GRAPH ? graph : whole))),
    ...{ input, columns, published: inputs.map(({ name }) => name) },
  };
}

/** Field numbers of ModelProto, GraphProto, ValueInfoProto. */
const GRAPH = 7;
const NODE = 1;
const INITIALIZER = 5;
const INPUT = 11;
const VALUE_NAME = 1;

function isNumberColumn({ dataType, dims }: OutlineValue): boolean {
  return dataType === DATA_TYPES.double && dims?.length === 2 && dims[1] === 1;
}

/** Where columns are put side by side and read nowhere else: the matrix has them side by side already. */
function findJoints(nodes: readonly OutlineNode[], numbers: ReadonlySet<string>): OutlineNode[] {
  const uses = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return nodes.filter(({ op, inputs, attributes }) => {
    const axis = attributes.get('axis');
    return (
      op === 'Concat' &&
      axis !== undefined &&
      readAttribute(axis)?.[0] === 1 &&
      inputs.every((name) => numbers.has(name) && uses.get(name) === 1)
    );
  });
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
    bytesField(NODE, encodeNode(node)),
    bytesField(INITIALIZER, encodeTensor(widths, { type: 'int64', dims: [sizes.length], values: sizes })),
  ];
}

function unused(stem: string, names: Set<string>): string {
  let name = stem;
  while (names.has(name)) name += '_';
  names.add(name);
  return name;
}
