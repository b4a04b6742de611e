/**
 * Whole arrays as protobuf bytes. protobufjs keeps one object per written number (3 million ints: 300 ms, 220 MB);
 * a forest's attributes hold millions, so these loops fill one buffer each.
 * Little-endian by definition of the format, whatever the machine is.
 */

/** IEEE 754 singles: the body of a packed `repeated float`, and of a float tensor's `raw_data`. */
export function floatBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i], true);
  return bytes;
}

/** IEEE 754 doubles: a double tensor's `raw_data`. */
export function doubleBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i], true);
  return bytes;
}

/** Two's complement of 64 bits: an int64 tensor's `raw_data`. */
export function int64Bytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setBigInt64(i * 8, BigInt(safeInteger(values[i])), true);
  return bytes;
}

/** One byte each: a bool tensor's `raw_data`. */
export function boolBytes(values: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(values, (value) => (value ? 1 : 0));
}

/** The body of a packed `repeated int64`. */
export function varintBytes(values: ArrayLike<number>): Uint8Array {
  let size = 0;
  for (let i = 0; i < values.length; i++) size += varintLength(safeInteger(values[i]));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < values.length; i++) at = writeVarint(bytes, at, values[i]);
  return bytes;
}

/** A whole `repeated string` (or bytes) field, tags included: protobuf has no packed form of it. */
export function repeatedStringBytes(field: number, values: readonly string[]): Uint8Array {
  const tag = field * 8 + 2;
  const seen = new Map<string, Uint8Array>(); // a forest repeats two node modes a million times
  let size = 0;
  for (const value of values) {
    let encoded = seen.get(value);
    if (!encoded) seen.set(value, (encoded = encoder.encode(value)));
    size += varintLength(tag) + varintLength(encoded.length) + encoded.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const value of values) {
    const encoded = seen.get(value) as Uint8Array;
    at = writeVarint(bytes, at, tag);
    at = writeVarint(bytes, at, encoded.length);
    bytes.set(encoded, at);
    at += encoded.length;
  }
  return bytes;
}

const encoder = new TextEncoder();

function safeInteger(value: number): number {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${value} is not an integer that an int64 of ONNX can hold here`);
  return value;
}

function varintLength(value: number): number {
  if (value < 0) return 10;
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) return writeNegative(bytes, at, value);
  let rest = value;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function writeNegative(bytes: Uint8Array, at: number, value: number): number {
  let rest = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < 9; i++, rest >>= 7n) bytes[at++] = Number(rest & 127n) + 128;
  bytes[at++] = Number(rest);
  return at;
}
