import { ELEMENT_BYTES, isDatatype, type Datatype } from './datatypes.ts';
import { HEADER } from './document.ts';
import { object, optionalObject, text } from './fields.ts';
import { refusal, tooLarge } from './refusal.ts';
import type { GatewayLimits } from '../types.ts';

/** One column of a request, its sizes checked: nothing of it has been converted yet. */
export interface InputTensor {
  name: string;
  datatype: Datatype;
  rows: number;
  /** One element a row, or the binary form of all of them. */
  data: readonly unknown[] | Uint8Array;
}

/** Hands out the bytes after the JSON, in the order of the inputs. */
export interface BinaryData {
  bytes: Uint8Array;
  /** How many have been handed out. */
  taken: number;
}

export type TensorLimits = Pick<GatewayLimits, 'maxRows' | 'maxTextBytes'>;

/**
 * Reads one of a request's `inputs`; its sizes are compared before anything is made of them.
 *
 * @throws PerennialError INVALID_INPUT, TOO_LARGE naming the tensor
 */
export function readTensor(
  given: unknown,
  place: string,
  binary: BinaryData,
  limits: TensorLimits,
): InputTensor {
  const input = object(given, place);
  const name = text(input.name, `${place}.name`, limits.maxTextBytes);
  const { datatype } = input;
  if (!isDatatype(datatype)) {
    throw refusal(
      `inputs.${name}.datatype`,
      `The input "${name}" has the datatype ${shown(datatype)}; expected one of ${Object.keys(ELEMENT_BYTES).join(', ')}.`,
      { value: datatype },
    );
  }
  const { rows, width } = readShape(input.shape, name, limits);
  const size = optionalObject(input.parameters, `inputs.${name}.parameters`)?.binary_data_size ?? undefined;
  const data = input.data ?? undefined;
  if (size === undefined) return { name, datatype, rows, data: elements(data, name, rows, width) };
  if (data !== undefined) {
    throw refusal(`inputs.${name}`, `The input "${name}" has both data and binary_data_size.`);
  }
  refuseSize(size, name, datatype, rows);
  return { name, datatype, rows, data: take(binary, size as number, name) };
}

/** One column: [rows] or [rows, 1]. */
function readShape(
  shape: unknown,
  name: string,
  { maxRows }: TensorLimits,
): { rows: number; width: 1 | undefined } {
  const field = `inputs.${name}.shape`;
  const [rows, width, ...more] = Array.isArray(shape) ? (shape as unknown[]) : [];
  if (!isCount(rows) || rows === 0 || (width !== 1 && width !== undefined) || more.length > 0) {
    throw refusal(
      field,
      `The input "${name}" has the shape ${shown(shape)}; expected [rows] or [rows, 1] with at least one row.`,
      { value: shape, expected: '[rows] or [rows, 1]' },
    );
  }
  if (rows > maxRows) {
    throw tooLarge(field, `The input "${name}" has ${rows} rows; a request may have ${maxRows}.`, maxRows);
  }
  return { rows, width };
}

/** Elements row by row: flat, or where the shape is [rows, 1] perhaps each in an array of its own. */
function elements(data: unknown, name: string, rows: number, width: 1 | undefined): readonly unknown[] {
  const field = `inputs.${name}.data`;
  if (data === undefined) {
    throw refusal(field, `The input "${name}" has neither data nor binary_data_size.`);
  }
  if (!Array.isArray(data))
    throw refusal(field, `The data of the input "${name}" are no array.`, { value: data });
  const values = data as unknown[];
  if (values.length !== rows) {
    throw refusal(field, `The input "${name}" has ${values.length} values; its shape has ${rows} rows.`);
  }
  if (width === undefined || !Array.isArray(values[0])) return values;
  return values.map((row, i): unknown => {
    if (Array.isArray(row) && row.length === 1) return row[0];
    throw refusal(
      `${field}[${i}]`,
      `The input "${name}" has no array of one value at position ${i}, as at position 0.`,
    );
  });
}

function refuseSize(size: unknown, name: string, datatype: Datatype, rows: number): void {
  const field = `inputs.${name}.parameters.binary_data_size`;
  if (!isCount(size)) {
    throw refusal(
      field,
      `The input "${name}" has the binary_data_size ${shown(size)}; expected a number of bytes.`,
      {
        value: size,
      },
    );
  }
  const element = ELEMENT_BYTES[datatype];
  // An element of BYTES has at least the four bytes of its length.
  const least = rows * (element ?? 4);
  if (element === undefined ? size >= least : size === least) return;
  throw refusal(
    field,
    `The input "${name}" is said to have ${size} bytes; ${rows} of ${datatype} have ${element ? least : `at least ${least}`}.`,
    { value: size },
  );
}

function take(binary: BinaryData, size: number, name: string): Uint8Array {
  const { bytes, taken } = binary;
  if (size > bytes.length - taken) {
    const why = bytes.length === 0 ? ` (${HEADER} says where the JSON ends)` : '';
    throw refusal(
      `inputs.${name}`,
      `The input "${name}" is said to have ${size} bytes; the body has ${bytes.length - taken} left${why}.`,
    );
  }
  binary.taken += size;
  return bytes.subarray(taken, taken + size);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'absent';
  return json.length > 60 ? `${json.slice(0, 60)}...` : json;
}
