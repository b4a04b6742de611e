import protobuf from 'protobufjs/minimal.js';

/** One field of a message as it lies in the file: a view of its bytes, or a number of variable length. */
export interface Field {
  field: number;
  /** Of length-delimited fields. */
  bytes?: Uint8Array;
  /** Of variable-length integers; above 2^53 rounded. */
  number?: number;
  /** The field with its tag, as it is. */
  whole: Uint8Array;
}

/**
 * The fields of one protobuf message in the order of the file; nothing is copied.
 *
 * @throws RangeError or Error where the bytes are cut off or no protobuf
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < message.length) {
    const from = reader.pos;
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wire = tag & 7;
    const found: Partial<Field> = {};
    if (wire === 0) found.number = toNumber(reader.int64());
    else if (wire === 2) found.bytes = view(reader, message);
    else reader.skipType(wire);
    if (reader.pos > message.length) throw new RangeError('a field is cut off');
    yield { field, ...found, whole: message.subarray(from, reader.pos) };
  }
}

/** A message's first text of this field; '' where it has none. What comes behind it is not walked. */
export function textIn(message: Uint8Array, wanted: number): string {
  for (const { field, bytes } of readFields(message)) if (field === wanted && bytes) return decodeText(bytes);
  return '';
}

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A field that is a message, or any bytes. */
export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32(field * 8 + 2)
    .bytes(bytes)
    .finish();
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const decoder = new TextDecoder();

/** Variable-length integers one after the other, as packed fields hold them. */
export function readPacked(bytes: Uint8Array): number[] {
  const reader = protobuf.Reader.create(bytes);
  const values: number[] = [];
  while (reader.pos < bytes.length) values.push(toNumber(reader.int64()));
  return values;
}

function view(reader: protobuf.Reader, message: Uint8Array): Uint8Array {
  const length = reader.uint32();
  const from = reader.pos;
  if (from + length > message.length) throw new RangeError('a field is cut off');
  reader.skip(length);
  return message.subarray(from, from + length);
}

/** protobufjs gives an object where the package `long` is installed, whatever its types say. */
function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : (value as { toNumber(): number }).toNumber();
}
