import { isUtf8 } from 'node:buffer';
import { isWhole, type NumberType, type WholeType } from './datatypes.ts';
import { shortest } from './floats.ts';
import { readDigits, readNumbers } from './numbers.ts';
import { refuseText } from './fields.ts';
import { refusal, tooLarge } from './refusal.ts';
import type { InputTensor } from './tensor.ts';

/**
 * A tensor as a column of text, '' for missing. Numbers become the digits that stand for them alone.
 *
 * @throws PerennialError INVALID_INPUT, TOO_LARGE naming the tensor and the position
 */
export function readTexts(tensor: InputTensor, maxTextBytes: number): string[] {
  const { datatype, data } = tensor;
  if (datatype === 'BYTES') {
    return data instanceof Uint8Array
      ? textsFromBytes(tensor, data, maxTextBytes)
      : textsFromJson(tensor, data, maxTextBytes);
  }
  if (isWhole(datatype)) return readDigits(tensor as InputTensor & { datatype: WholeType });
  const numbers = readNumbers(tensor as InputTensor & { datatype: NumberType });
  if (datatype === 'BOOL')
    return Array.from(numbers, (value) => (Number.isNaN(value) ? '' : String(value === 1)));
  const single = datatype !== 'FP64';
  return Array.from(numbers, (value) =>
    Number.isNaN(value) ? '' : String(single ? shortest(value) : value),
  );
}

/** Each element: four bytes with its length (little-endian), then that many bytes of UTF-8. */
function textsFromBytes(tensor: InputTensor, data: Uint8Array, maxTextBytes: number): string[] {
  const { name, rows } = tensor;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const texts: string[] = [];
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const left = bytes.length - at - 4;
    const length = left < 0 ? 0 : bytes.readUInt32LE(at);
    if (length > left) {
      throw refusal(
        `inputs.${name}.data[${row}]`,
        `The input "${name}" says ${length} bytes at position ${row}; ${Math.max(0, left)} are left of its binary data.`,
      );
    }
    if (length > maxTextBytes)
      throw tooLarge(
        `inputs.${name}.data[${row}]`,
        `The input "${name}" holds ${length} bytes of text at position ${row}; at most ${maxTextBytes} are taken.`,
        maxTextBytes,
      );
    at += 4 + length;
    const text = bytes.toString('utf8', at - length, at);
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(at - length, at))) {
      throw refusal(
        `inputs.${name}.data[${row}]`,
        `The input "${name}" is not UTF-8 at position ${row}; text is what the model reads.`,
      );
    }
    texts.push(text);
  }
  if (at !== bytes.length) {
    throw refusal(
      `inputs.${name}`,
      `The input "${name}" has ${bytes.length} bytes; its ${rows} texts with their lengths take ${at}.`,
    );
  }
  return texts;
}

function textsFromJson({ name }: InputTensor, data: readonly unknown[], maxTextBytes: number): string[] {
  return data.map((value, row) => {
    if (value === null) return '';
    const field = `inputs.${name}.data[${row}]`;
    if (typeof value === 'string') {
      refuseText(value, field, maxTextBytes);
      return value;
    }
    throw refusal(
      field,
      `The input "${name}" holds ${JSON.stringify(value).slice(0, 60)} at position ${row}; BYTES are text in JSON.`,
      { value, expected: 'text' },
    );
  });
}
