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

/** Reads the arrays onto one SharedArrayBuffer, so that threads see them without a copy. */
export function decodeTensors(bytes: Uint8Array): TensorFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, unknown>;
  const shared = new SharedArrayBuffer(bytes.byteLength - start);
  new Uint8Array(shared).set(bytes.subarray(start));
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets } = value as Entry;
    const type = DTYPES[dtype];
    if (type === undefined || data_offsets[1] > shared.byteLength) {
      throw new PerennialError('ARTIFACT_CORRUPT', `The tensor file's entry ${name} is not readable.`, {
        field: name,
        value,
      });
    }
    tensors[name] = new type(shared as unknown as ArrayBuffer, data_offsets[0], shape[0]);
  }
  return { metadata: header.__metadata__ as Record<string, string>, tensors };
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

function dtypeOf(tensor: Tensor): Dtype {
  if (tensor instanceof Float32Array) return 'F32';
  if (tensor instanceof Float64Array) return 'F64';
  return tensor instanceof Int32Array ? 'I32' : 'U8';
}
