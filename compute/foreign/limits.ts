import {
  readAttribute,
  readTensor,
  readValues,
  type Outline,
  type OutlineNode,
  type OutlineTensor,
} from '../../learning/onnx/outline.ts';
import { readFields } from '../../learning/onnx/wire.ts';
import { MEBIBYTE } from '../../config/units.ts';
import { refuseFile } from './refuse.ts';

export const MAX_MODEL_BYTES = 256 * MEBIBYTE;
const MAX_NODES = 20_000;
const MAX_INITIALIZERS = 20_000;
/** Values that an operator may make out of one that says a size. */
const MAX_MADE_VALUES = 2 ** 24;

/** Operators that make as many values as one of their inputs says, and which inputs those are. */
const SIZED_BY_VALUES: Partial<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  Expand: [1],
  OneHot: [1],
  Pad: [1],
  Range: [0, 1, 2],
  Tile: [1],
};

/**
 * Refuses what would take much more memory than the file has bytes: a tensor that says more values than it holds, an
 * operator whose output is as large as a number in the file, or in a row of somebody's data, says. What is left (a
 * product of every row with every other) is measured by opening it.
 *
 * @throws PerennialError INVALID_INPUT
 */
export function refuseOversized(outline: Outline): void {
  const { nodes, initializers, inputs, outputs } = outline;
  refuseMore(nodes.length, MAX_NODES, 'operators');
  refuseMore(initializers.length, MAX_INITIALIZERS, 'constants');
  refuseMore(inputs.length, 2_000, 'inputs');
  refuseMore(outputs.length, 100, 'outputs');
  initializers.forEach(refuseHollow);
  const sizes = sizesOf(outline);
  for (const node of nodes) {
    for (const attribute of node.attributes.values()) tensorOf(attribute).forEach(refuseHollow);
    const pads = node.op === 'Pad' ? node.attributes.get('pads') : undefined;
    if (pads) refuseLarge(node.op, readAttribute(pads));
    for (const at of SIZED_BY_VALUES[node.op] ?? []) {
      const operand = node.inputs[at];
      if (operand) refuseSize(node.op, operand, sizes);
    }
  }
}

/** Where a tensor's values come from. */
interface Sizes {
  made: Map<string, OutlineNode>;
  constants: Map<string, OutlineTensor>;
  inputs: Set<string>;
}

function sizesOf({ nodes, initializers, inputs }: Outline): Sizes {
  return {
    made: new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const))),
    constants: new Map(initializers.map((tensor) => [tensor.name, tensor])),
    inputs: new Set(inputs.map(({ name }) => name)),
  };
}

/** A size is a constant, or follows from the shape of something; never from the values of a row. */
function refuseSize(op: string, operand: string, sizes: Sizes): void {
  const seen = new Set([operand]);
  // A set that grows while it is walked: what the tensors of it are made of comes behind them.
  for (const tensor of seen) {
    if (sizes.inputs.has(tensor))
      throw refuseFile(`has a ${op} as large as the values of "${tensor}" say`, 'sizes that no row decides');
    const constant = sizes.constants.get(tensor);
    if (constant) refuseLarge(op, readValues(constant));
    const node = sizes.made.get(tensor);
    if (!node || node.op === 'Shape' || node.op === 'Size') continue;
    if (node.op === 'Constant')
      for (const attribute of node.attributes.values()) refuseLarge(op, readAttribute(attribute));
    for (const input of node.inputs) if (input) seen.add(input);
  }
}

function refuseLarge(op: string, values: (string | number)[] | undefined): void {
  const size = values?.reduce<number>((product, value) => product * Math.max(1, Math.abs(Number(value))), 1);
  if (size !== undefined && size <= MAX_MADE_VALUES) return;
  throw refuseFile(
    `has a ${op} that makes ${size ?? 'an unknown number of'} values`,
    `at most ${MAX_MADE_VALUES}`,
  );
}

/** Each value of a tensor takes at least one byte of the file. */
function refuseHollow({ name, dims, bytes }: OutlineTensor): void {
  const values = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => dim < 0) || values > bytes.length)
    throw refuseFile(
      `has a constant "${name}" of shape [${dims.join(', ')}] in ${bytes.length} bytes`,
      'constants that hold the values they announce',
    );
}

/** The tensor of an attribute (field 5), where it holds one. */
function tensorOf(attribute: Uint8Array): OutlineTensor[] {
  return [...readFields(attribute)].flatMap(({ field, bytes }) =>
    (field === 5 || field === 10) && bytes ? [readTensor(bytes)] : [],
  );
}

function refuseMore(found: number, most: number, what: string): void {
  if (found > most) throw refuseFile(`has ${found} ${what}`, `at most ${most}`);
}
