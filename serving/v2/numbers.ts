import { isWhole, rangeOf, type NumberType, type WholeType } from './datatypes.ts';
import { refusal } from './refusal.ts';
import type { InputTensor } from './tensor.ts';

type NumberTensor = InputTensor & { datatype: NumberType };

/**
 * A tensor of numbers as a column of doubles, NaN for missing; a view of the request's own bytes where they are FP64 and
 * lie as a processor wants them.
 *
 * @throws PerennialError INVALID_INPUT naming the tensor and the position: an infinity, a value that its datatype or a
 *   double does not hold exactly
 */
export function readNumbers(tensor: NumberTensor): Float64Array {
  const values =
    tensor.data instanceof Uint8Array ? fromBytes(tensor, tensor.data) : fromJson(tensor, tensor.data);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Only an infinity differs from itself by something that is no number, and still equals itself.
    if (value - value !== 0 && value === value) throw infinite(tensor, i, value);
  }
  return values;
}

/** The digits of a tensor of whole numbers, NaN or null as ''. */
export function readDigits(tensor: NumberTensor & { datatype: WholeType }): string[] {
  const { data, rows } = tensor;
  if (!(data instanceof Uint8Array)) {
    return data.map((value, i) => wholeFromJson(tensor, value, i)?.toString() ?? '');
  }
  if (tensor.datatype === 'INT64') return Array.from(new BigInt64Array(aligned(data), 0, rows), String);
  if (tensor.datatype === 'UINT64') return Array.from(new BigUint64Array(aligned(data), 0, rows), String);
  return Array.from(fromBytes(tensor, data), String);
}

/** Little-endian, as every machine is that ONNX Runtime has binaries for. */
function fromBytes(tensor: NumberTensor, bytes: Uint8Array): Float64Array {
  const { rows } = tensor;
  switch (tensor.datatype) {
    case 'FP64':
      if (bytes.byteOffset % 8 === 0) return new Float64Array(bytes.buffer, bytes.byteOffset, rows);
      return new Float64Array(aligned(bytes));
    case 'FP32':
      return new Float64Array(new Float32Array(aligned(bytes)));
    case 'FP16':
      return new Float64Array(new Uint16Array(aligned(bytes))).map(halfPrecision);
    case 'INT64':
    case 'UINT64':
      return fromWide(tensor, aligned(bytes));
    case 'INT32':
      return new Float64Array(new Int32Array(aligned(bytes)));
    case 'UINT32':
      return new Float64Array(new Uint32Array(aligned(bytes)));
    case 'INT16':
      return new Float64Array(new Int16Array(aligned(bytes)));
    case 'UINT16':
      return new Float64Array(new Uint16Array(aligned(bytes)));
    case 'INT8':
      return new Float64Array(new Int8Array(bytes.buffer, bytes.byteOffset, rows));
    case 'UINT8':
      return new Float64Array(bytes);
    case 'BOOL': {
      const wrong = bytes.findIndex((value) => value > 1);
      if (wrong >= 0) throw misfit(tensor, wrong, bytes[wrong]);
      return new Float64Array(bytes);
    }
  }
}

/** A copy that starts where a processor wants numbers to start. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

/** 64-bit integers by their halves: ten times as quick as through BigInt, which is asked only beyond 2^53. */
function fromWide(tensor: NumberTensor, buffer: ArrayBuffer): Float64Array {
  const low = new Uint32Array(buffer);
  const high = tensor.datatype === 'INT64' ? new Int32Array(buffer) : low;
  const values = new Float64Array(tensor.rows);
  for (let i = 0; i < values.length; i++) {
    const value = high[2 * i + 1] * 2 ** 32 + low[2 * i];
    values[i] = value;
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      const exact = (BigInt(high[2 * i + 1]) << 32n) + BigInt(low[2 * i]);
      if (BigInt(value) !== exact) throw inexact(tensor, i, exact);
    }
  }
  return values;
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function fromJson(tensor: NumberTensor, data: readonly unknown[]): Float64Array {
  const { datatype } = tensor;
  const values = new Float64Array(data.length);
  for (let i = 0; i < values.length; i++) {
    const value = data[i];
    if (value === null) values[i] = NaN;
    else if (isWhole(datatype)) values[i] = exactDouble(tensor, wholeFromJson(tensor, value, i), i);
    else if (datatype === 'BOOL') values[i] = flagFromJson(tensor, value, i);
    else values[i] = floatFromJson(tensor, value, i);
  }
  return values;
}

/** A number, or its text, as protobuf's JSON mapping allows it (and as `keepValues` keeps long integers). */
function floatFromJson(tensor: NumberTensor, value: unknown, index: number): number {
  const { datatype } = tensor;
  if (datatype === 'FP16') {
    throw refusal(
      `inputs.${tensor.name}`,
      `The input "${tensor.name}" is FP16, which is read in binary form only.`,
    );
  }
  const isText = typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$|^NaN$|^-?Infinity$/i.test(value);
  if (typeof value !== 'number' && !isText) throw misfit(tensor, index, value);
  const double = Number(value);
  if (datatype === 'FP64') return double;
  const single = Math.fround(double);
  if (Number.isFinite(double) && !Number.isFinite(single)) throw misfit(tensor, index, value);
  return single;
}

function flagFromJson(tensor: NumberTensor, value: unknown, index: number): number {
  if (value === true || value === 1) return 1;
  if (value === false || value === 0) return 0;
  throw misfit(tensor, index, value);
}

/** Undefined for null. */
function wholeFromJson(tensor: NumberTensor, value: unknown, index: number): number | bigint | undefined {
  const datatype = tensor.datatype as WholeType;
  if (value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    const { least, most } = RANGES[datatype];
    if (value >= least && value <= most) return value;
  }
  // 20 digits are the most that 64 bits have; the sign is one more.
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) {
    const { least, most } = rangeOf(datatype);
    const whole = BigInt(value);
    if (whole >= least && whole <= most) return whole;
  }
  throw misfit(tensor, index, value);
}

/** The same limits as doubles: those of 64 bits are rounded, and beyond what is compared with them. */
const RANGES = Object.fromEntries(
  (['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'] as const).map((type) => {
    const { least, most } = rangeOf(type);
    return [type, { least: Number(least), most: Number(most) }];
  }),
) as Record<WholeType, { least: number; most: number }>;

function exactDouble(tensor: NumberTensor, value: number | bigint | undefined, index: number): number {
  const double = Number(value ?? NaN);
  if (typeof value === 'bigint' && BigInt(double) !== value) throw inexact(tensor, index, value);
  return double;
}

function misfit({ name, datatype }: InputTensor, index: number, value: unknown) {
  const shown = JSON.stringify(value)?.slice(0, 60);
  return refusal(
    `inputs.${name}.data[${index}]`,
    `The input "${name}" holds ${shown} at position ${index}, which is no ${datatype}.`,
    { value, expected: datatype },
  );
}

function infinite({ name, datatype }: InputTensor, index: number, value: number) {
  return refusal(
    `inputs.${name}.data[${index}]`,
    `The input "${name}" (${datatype}) holds ${value} at position ${index}; expected a finite number, or NaN for a missing one.`,
    { value: String(value), expected: 'a finite number, or NaN' },
  );
}

function inexact({ name }: InputTensor, index: number, value: bigint) {
  return refusal(
    `inputs.${name}.data[${index}]`,
    `The input "${name}" holds ${value} at position ${index}, which a double cannot hold exactly; the model reads doubles.`,
    { value: String(value), expected: 'a whole number that a double holds exactly' },
  );
}
