import { PerennialError } from '../config/errors.ts';

/**
 * Several typed arrays and a JSON header in one file, in the safetensors format (huggingface/safetensors): 8 bytes
 * little-endian header length, the JSON header, the arrays' bytes. The header is padded so that every array is aligned.
 */
export type Tensor = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface TensorFile {
  metadata: Record<string, string>;
  tensors: Record<string, Tensor>;
}

const DTYPES = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;
type Dtype = keyof typeof DTYPES;

interface Entry {
  dtype: Dtype;
  shape: number[];
  data_offsets: [number, number];
}

const ALIGNMENT = 8;

export function encodeTensors(file: TensorFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  let offset = 0;
  for (const [name, tensor] of Object.entries(file.tensors)) {
    const begin = align(offset);
    offset = begin + tensor.byteLength;
    header[name] = {
      dtype: dtypeOf(tensor),
      shape: [tensor.length],
      data_offsets: [begin, offset],
    } satisfies Entry;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = align(8 + text.length);
  const bytes = new Uint8Array(start + offset);
  bytes.fill(0x20, 8, start); // The format pads its header with spaces.
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  for (const [name, tensor] of Object.entries(file.tensors)) {
    const { data_offsets } = header[name] as Entry;
    bytes.set(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength), start + data_offsets[0]);
  }
  return bytes;
}

/** What a file holds, with the shape of each array as its header says it: all are flat here, row by row. */
export interface ReadTensorFile extends TensorFile {
  shapes: Record<string, number[]>;
}

/**
 * Reads the arrays onto one SharedArrayBuffer, so that threads see them without a copy. Whoever wrote them: arrays of
 * any number of dimensions come flat, and those that another writer did not align are copied.
 *
 * @throws PerennialError ARTIFACT_CORRUPT naming the entry that is not as the format says
 */
export function decodeTensors(bytes: Uint8Array): ReadTensorFile {
  const { header, start } = readHeader(bytes);
  const shared = new SharedArrayBuffer(bytes.byteLength - start);
  new Uint8Array(shared).set(bytes.subarray(start));
  const { __metadata__: metadata, ...entries } = header;
  const tensors: Record<string, Tensor> = {};
  const shapes: Record<string, number[]> = {};
  for (const [name, value] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = checkedEntry(name, value, shared.byteLength);
    const [begin, end] = data_offsets;
    const type = DTYPES[dtype];
    const aligned = begin % type.BYTES_PER_ELEMENT === 0;
    // slice() gives a SharedArrayBuffer again.
    const buffer = (aligned ? shared : shared.slice(begin, end)) as unknown as ArrayBuffer;
    tensors[name] = new type(buffer, aligned ? begin : 0, sizeOf(shape));
    shapes[name] = shape;
  }
  return { metadata: (metadata ?? {}) as Record<string, string>, tensors, shapes };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes.byteLength < 8 ? Infinity : 8 + Number(view.getBigUint64(0, true));
  if (start > bytes.byteLength)
    throw corrupt('header', `${bytes.byteLength} bytes`, 'the length of a header and all of it');
  const text = new TextDecoder().decode(bytes.subarray(8, start));
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null)
      return { header: header as Record<string, unknown>, start };
  } catch {
    // Said below.
  }
  throw corrupt('header', text, 'a JSON object of names and entries');
}

/** Of a file that somebody else may have written. */
function checkedEntry(name: string, value: unknown, available: number): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { [key in keyof Entry]?: unknown };
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype))
    throw corrupt(`${name}.dtype`, dtype, `one of ${Object.keys(DTYPES).join(', ')}`);
  if (!isCounts(shape)) throw corrupt(`${name}.shape`, shape, 'a list of lengths');
  const bytes = sizeOf(shape) * DTYPES[dtype as Dtype].BYTES_PER_ELEMENT;
  if (
    !isCounts(offsets) ||
    offsets.length !== 2 ||
    offsets[1] - offsets[0] !== bytes ||
    offsets[1] > available
  )
    throw corrupt(
      `${name}.data_offsets`,
      offsets,
      `${bytes} bytes for ${dtype} [${shape.join(', ')}], of the ${available} in the file`,
    );
  return { dtype: dtype as Dtype, shape, data_offsets: [offsets[0], offsets[1]] };
}

function corrupt(field: string, value: unknown, expected: string): PerennialError {
  const found = JSON.stringify(value)?.slice(0, 80) ?? 'missing';
  return new PerennialError(
    'ARTIFACT_CORRUPT',
    `The tensor file's entry ${field} is not readable: it is ${found}; expected ${expected}.`,
    { field, value, expected },
  );
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

/** Of no dimension, as a single number has it, 1. */
function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** As the format calls its type. */
export function dtypeOf(tensor: Tensor): Dtype {
  if (tensor instanceof Float32Array) return 'F32';
  if (tensor instanceof Float64Array) return 'F64';
  return tensor instanceof Int32Array ? 'I32' : 'U8';
}
