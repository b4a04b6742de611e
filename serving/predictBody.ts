import { PerennialError } from '../config/errors.ts';
import { DIGITS_LOST } from '../config/raw.ts';
import type { Row } from './rowReader.ts';
import type { GatewayLimits } from './types.ts';

/** A request of the plain form, with its shape checked and its values not. */
export interface PredictBody {
  rows: readonly Row[];
  keys?: readonly string[];
  explain: boolean;
  /** The path of a row: `row`, or `rows[3]`. */
  fieldOf: (index: number) => string;
}

/** A row of a forest grown to its end takes some 70 ms of a core, or asks a model that is no sum up to 1,000 times. */
const MAX_EXPLAINED = 100;

const FIELDS = ['rows', 'row', 'key', 'keys', 'explain'];

/**
 * Reads `{ rows | row, key?, keys?, explain? }`. By hand: a schema validator that walks the rows costs more than the
 * model does.
 *
 * @throws PerennialError INVALID_INPUT, TOO_LARGE naming the field
 */
export function readPredictBody(
  body: unknown,
  limits: Pick<GatewayLimits, 'maxRows' | 'maxTextBytes'>,
): PredictBody {
  if (!isObject(body)) throw wrong('body', body, 'an object { rows: [{ column: value, ... }, ...] }');
  for (const field in body) {
    if (!FIELDS.includes(field)) {
      throw new PerennialError('INVALID_INPUT', `The body has an unknown field ${JSON.stringify(field)}.`, {
        field,
        expected: `one of ${FIELDS.join(', ')}`,
      });
    }
  }
  const { row, rows, key, keys, explain } = body;
  if ((row === undefined) === (rows === undefined))
    throw wrong('rows', rows, 'either `rows`, an array of objects, or `row`, one object');
  const several = row === undefined;
  const read = several ? readRows(rows, limits.maxRows) : [readRow(row, 'row')];
  if (explain !== undefined && typeof explain !== 'boolean') throw wrong('explain', explain, 'true or false');
  if (explain === true && read.length > MAX_EXPLAINED)
    throw tooManyRows(read.length, MAX_EXPLAINED, 'explained');
  return {
    rows: read,
    keys: readKeys(key, keys, read.length, limits.maxTextBytes),
    explain: explain === true,
    fieldOf: several ? fieldOfRows : fieldOfRow,
  };
}

const fieldOfRows = (index: number): string => `rows[${index}]`;
const fieldOfRow = (): string => 'row';

function readRows(rows: unknown, maxRows: number): Row[] {
  if (!Array.isArray(rows)) throw wrong('rows', rows, 'an array of objects');
  if (rows.length === 0) throw wrong('rows', rows, 'at least one row');
  if (rows.length > maxRows) throw tooManyRows(rows.length, maxRows, 'taken');
  for (let i = 0; i < rows.length; i++) if (!isObject(rows[i])) readRow(rows[i], `rows[${i}]`);
  return rows as Row[];
}

function readRow(row: unknown, field: string): Row {
  if (!isObject(row)) throw wrong(field, row, 'an object { column: value, ... }');
  return row;
}

function readKeys(
  key: unknown,
  keys: unknown,
  rows: number,
  maxBytes: number,
): readonly string[] | undefined {
  if (keys === undefined) return key === undefined ? undefined : [readKey(key, 'key', maxBytes)];
  if (key !== undefined) throw wrong('keys', keys, 'either `key`, for all rows, or `keys`, one for each');
  if (!Array.isArray(keys) || keys.length !== rows) {
    throw wrong(
      'keys',
      Array.isArray(keys) ? `${keys.length} keys` : keys,
      `an array of ${rows} keys, one for each row`,
    );
  }
  return keys.map((value: unknown, i) => readKey(value, `keys[${i}]`, maxBytes));
}

/** What the assignment hashes and the log keeps: neither may depend on how a character is written. */
const UNSOUND = /[\0\p{Surrogate}]/u;

function readKey(value: unknown, field: string, maxBytes: number): string {
  const key = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof key !== 'string' || key === '' || UNSOUND.test(key))
    throw wrong(field, value, `a text or a whole number (${DIGITS_LOST}: write it as text)`);
  if (key.length * 3 <= maxBytes || Buffer.byteLength(key) <= maxBytes) return key;
  throw new PerennialError(
    'TOO_LARGE',
    `${field} has ${Buffer.byteLength(key)} bytes; at most ${maxBytes} are taken.`,
    {
      field,
      value: `${Buffer.byteLength(key)} bytes`,
      expected: `at most ${maxBytes} bytes`,
    },
  );
}

function tooManyRows(rows: number, max: number, verb: string): PerennialError {
  return new PerennialError('TOO_LARGE', `The request has ${rows} rows; at most ${max} are ${verb}.`, {
    field: 'rows',
    value: `${rows} rows`,
    expected: `at most ${max} rows a request`,
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(field: string, value: unknown, expected: string): PerennialError {
  const found = value === undefined ? 'absent' : shorten(JSON.stringify(value));
  return new PerennialError('INVALID_INPUT', `${field} is ${found}; expected ${expected}.`, {
    field,
    value,
    expected,
  });
}

function shorten(json: string): string {
  return json.length > 120 ? `${json.slice(0, 120)}...` : json;
}
