import { wrongSignature, type ForeignSignature } from '../../config/foreignSignature.ts';
import type { Outline, OutlineValue } from '../../learning/onnx/outline.ts';
import { refuseFile } from './refuse.ts';
import { STRING, TYPE_NAMES } from './types.ts';

/** An input of somebody's graph and the raw columns that it is made of. */
export interface ForeignInput {
  name: string;
  dataType: number;
  /** Names of columns, in the order of the matrix. */
  columns: string[];
  /** False where the graph takes [N], and not a matrix of one column. */
  matrix: boolean;
}

/**
 * Which columns of the signature each input of the graph takes: the one of its name, all of them where it is the only
 * one, or those that say so.
 *
 * @throws PerennialError INVALID_INPUT where a column has no place, or an input is of another width or type
 */
export function placeColumns({ inputs }: Outline, signature: ForeignSignature): ForeignInput[] {
  if (inputs.length === 0) throw refuseFile('reads no inputs', 'at least one');
  const names = inputs.map(({ name }) => name);
  const placed = new Map(names.map((name) => [name, [] as string[]]));
  signature.inputs.forEach(({ name, input }, i) => {
    const at = input ?? (names.length === 1 ? names[0] : name);
    const columns = placed.get(at);
    if (!columns)
      throw wrongSignature(
        input === undefined ? `inputs[${i}].name` : `inputs[${i}].input`,
        input ?? name,
        `one of the graph's inputs: ${names.slice(0, 20).join(', ')}`,
      );
    columns.push(name);
  });
  return inputs.map((value) => judgeInput(value, placed.get(value.name) ?? [], signature));
}

function judgeInput(value: OutlineValue, columns: string[], { inputs }: ForeignSignature): ForeignInput {
  const { name, dataType, dims } = value;
  if (dataType === undefined || TYPE_NAMES[dataType] === undefined)
    throw refuseFile(
      `reads "${name}", which is not a matrix of numbers or text`,
      'float, double, int64, int32, bool or string',
    );
  const width = dims?.length === 1 ? 1 : dims?.[1];
  if (dims && (dims.length === 0 || dims.length > 2 || (dims[0] !== undefined && dims[0] !== 1)))
    throw refuseFile(
      `reads "${name}" of shape [${dims.map((dim) => dim ?? 'N').join(', ')}]`,
      '[N, columns]: export it with a first dimension of None',
    );
  // Some exporters write a 1 for the number of rows.
  if (columns.length === 0 || (width !== undefined && width !== columns.length))
    throw wrongSignature(
      'inputs',
      columns,
      `${width ?? 'some'} columns for the graph's input "${name}", which has ${columns.length}`,
    );
  for (const column of columns) {
    const at = inputs.findIndex((each) => each.name === column);
    const { columnType } = inputs[at];
    if ((columnType === 'string') !== (dataType === STRING))
      throw wrongSignature(
        `inputs[${at}].columnType`,
        columnType,
        `${dataType === STRING ? 'string' : 'number, boolean or timestamp'}: the graph's input "${name}" is of ${TYPE_NAMES[dataType]}`,
      );
  }
  return { name, dataType, columns, matrix: dims?.length !== 1 };
}
