import { isUtf8 } from 'node:buffer';
import { PerennialError } from '../config/errors.ts';
import { faultOf, isPoison } from './jsonFaults.ts';

/** Of a body's arrays and objects in one another. A tensor of 8 dimensions in the V2 protocol needs 11. */
export const MAX_DEPTH = 32;

/**
 * JSON as a request may hold it. Besides what is no JSON it refuses what JSON.parse passes in silence: bytes that are
 * not UTF-8, nesting past MAX_DEPTH, a key twice in one object (the last one would win), numbers beyond a double's
 * range (they would be Infinity), and keys that reach a prototype.
 *
 * @throws PerennialError INVALID_INPUT naming the field
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw refusal('body', 'The body is empty.', 'a JSON document');
  if (!isUtf8(bytes)) throw refusal('body', 'The body is not UTF-8.', 'JSON in UTF-8');
  const keys = countKeys(bytes);
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (typeof value === 'number' && !Number.isFinite(value)) throw faultOf(value, text);
  if (typeof value === 'object' && value !== null && countSound(value) !== keys) throw faultOf(value, text);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PerennialError('INVALID_INPUT', `The body is not JSON: ${why}.`, {
      field: 'body',
      expected: 'a JSON document',
      cause,
    });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
// `[` and `{` differ in one bit, and so do `]` and `}`.
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BRACE_BIT = 0x20;

/** Counts the colons outside of strings: one for each key. About 1 ns a byte. @throws where the nesting is too deep */
function countKeys(bytes: Buffer): number {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === COLON) {
      keys++;
    } else if ((byte & ~BRACE_BIT) === OPEN) {
      if (++depth > MAX_DEPTH) {
        throw refusal(
          'body',
          `The body is nested deeper than ${MAX_DEPTH} levels.`,
          `at most ${MAX_DEPTH} levels`,
        );
      }
    } else if ((byte & ~BRACE_BIT) === CLOSE) {
      depth--;
    }
  }
  return keys;
}

/** The keys in a parsed value, whose depth is bounded; NaN where a number or a key is not sound. */
function countSound(value: object): number {
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      // A finite number taken from itself is 0, an infinite one NaN, which stays NaN in every sum.
      if (typeof item === 'number') keys += item - item;
      else if (typeof item === 'object' && item !== null) keys += countSound(item);
    }
    return keys;
  }
  for (const key in value) {
    keys++;
    const item = (value as Record<string, unknown>)[key];
    if (isPoison(key, item)) return NaN;
    if (typeof item === 'number') keys += item - item;
    else if (typeof item === 'object' && item !== null) keys += countSound(item);
  }
  return keys;
}

function refusal(field: string, message: string, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', message, { field, expected });
}
