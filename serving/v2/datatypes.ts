/** Bytes of one element in the binary form; BYTES elements say their length themselves. */
export const ELEMENT_BYTES = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
} as const satisfies Record<string, number | undefined>;

/** Tensor data types of the Open Inference Protocol. */
export type Datatype = keyof typeof ELEMENT_BYTES;
export type NumberType = Exclude<Datatype, 'BYTES'>;
export type WholeType = Exclude<NumberType, 'BOOL' | 'FP16' | 'FP32' | 'FP64'>;

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);
}

export function isWhole(type: NumberType): type is WholeType {
  return type.startsWith('INT') || type.startsWith('UINT');
}

/** The smallest and the largest value of a type of whole numbers. */
export function rangeOf(type: WholeType): { least: bigint; most: bigint } {
  const bits = BigInt(8 * ELEMENT_BYTES[type]);
  if (type.startsWith('UINT')) return { least: 0n, most: (1n << bits) - 1n };
  return { least: -(1n << (bits - 1n)), most: (1n << (bits - 1n)) - 1n };
}
