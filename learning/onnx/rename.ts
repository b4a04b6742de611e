import protobuf from 'protobufjs/minimal.js';
import { decodeText, joinBytes, readFields } from './wire.ts';

/** A NodeProto with other names for its inputs and outputs; '' leaves an optional input out and stays. */
export function renameNode(node: Uint8Array, rename: (tensor: string) => string): Uint8Array {
  return rewriteTexts(
    node,
    (field) => field === 1 || field === 2,
    (name) => (name === '' ? '' : rename(name)),
  );
}

/** A TensorProto under another name. */
export function renameTensor(tensor: Uint8Array, rename: (tensor: string) => string): Uint8Array {
  return rewriteTexts(tensor, (field) => field === 8, rename);
}

function rewriteTexts(
  message: Uint8Array,
  isName: (field: number) => boolean,
  rename: (name: string) => string,
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { field, bytes, whole } of readFields(message)) {
    parts.push(bytes && isName(field) ? textField(field, rename(decodeText(bytes))) : whole);
  }
  return joinBytes(parts);
}

function textField(field: number, text: string): Uint8Array {
  return protobuf.Writer.create()
    .uint32(field * 8 + 2)
    .string(text)
    .finish();
}
