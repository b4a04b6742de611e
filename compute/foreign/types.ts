/** TensorProto.DataType, as far as inputs and outputs of exported models have them. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const STRING = 8;
export const BOOL = 9;
export const DOUBLE = 11;

export const TYPE_NAMES: Partial<Record<number, string>> = {
  [FLOAT]: 'float',
  [INT32]: 'int32',
  [INT64]: 'int64',
  [STRING]: 'string',
  [BOOL]: 'bool',
  [DOUBLE]: 'double',
};
