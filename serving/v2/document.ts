import { isUtf8 } from 'node:buffer';
import { PerennialError } from '../../config/errors.ts';
import { parseJson } from '../json.ts';
import { object, type Fields } from './fields.ts';
import { keepValues } from './lossless.ts';
import { refusal } from './refusal.ts';

/**
 * The JSON of a request, and the bytes that follow it.
 *
 * @param headerLength the header Inference-Header-Content-Length: bytes of the JSON; absent, the whole body
 * @throws PerennialError INVALID_INPUT
 */
export function splitBody(
  body: Buffer,
  headerLength: string | undefined,
): { document: Fields; binary: Uint8Array } {
  if (headerLength === undefined)
    return { document: parseDocument(body), binary: body.subarray(body.length) };
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : NaN;
  if (!(length <= body.length)) {
    throw refusal(
      HEADER,
      `${HEADER} is "${headerLength.slice(0, 60)}"; expected the bytes of the JSON, at most the body's ${body.length}.`,
      { value: headerLength },
    );
  }
  return { document: parseDocument(body.subarray(0, length)), binary: body.subarray(length) };
}

export const HEADER = 'Inference-Header-Content-Length';

function parseDocument(bytes: Buffer): Fields {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    // NaN and Infinity are no JSON, and Python writes them.
    if (!(error instanceof PerennialError) || !mayHoldNone(bytes)) throw error;
    document = parseKept(bytes);
  }
  return object(losesDigits(document) ? parseKept(bytes) : document, 'The request');
}

function parseKept(bytes: Buffer): unknown {
  return parseJson(Buffer.from(keepValues(bytes.toString('utf8'))));
}

function mayHoldNone(bytes: Buffer): boolean {
  return (bytes.includes('NaN') || bytes.includes('Infinity')) && isUtf8(bytes);
}

/** Whether a 64-bit integer is beyond what JSON.parse reads exactly. */
function losesDigits(document: unknown): boolean {
  const inputs = (document as { inputs?: unknown } | null)?.inputs;
  return (
    Array.isArray(inputs) &&
    inputs.some((input: unknown) => {
      const { datatype, data } = (input ?? {}) as { datatype?: unknown; data?: unknown };
      if ((datatype !== 'INT64' && datatype !== 'UINT64') || !Array.isArray(data)) return false;
      return data.some((value: unknown) => isUnsafe(Array.isArray(value) ? value[0] : value));
    })
  );
}

function isUnsafe(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}
