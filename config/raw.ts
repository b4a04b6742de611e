import type { ColumnType } from '../decisions/profile.ts';
import { PerennialError } from './errors.ts';
import { parseTime } from './time.ts';

/**
 * Rows on their way into a model: one array a column. Numbers, booleans (0, 1) and timestamps (epoch milliseconds
 * UTC) are Float64Array with NaN for missing; strings are arrays with '' for missing.
 */
export interface RawBatch {
  rows: number;
  columns: Record<string, Float64Array | string[]>;
  /**
   * Of the columns in their order. Given where they and their types are those of every other batch that holds this very
   * array: what follows from them is then worked out once.
   */
  names?: readonly string[];
}

export type RawType = Exclude<ColumnType, 'other'>;

/**
 * The one conversion from a value of JSON, CSV or a database to what a model reads. Training and serving share it.
 *
 * @throws PerennialError INVALID_INPUT where the value cannot be of that type.
 */
export function rawValue(type: RawType, value: unknown, field: string): number | string {
  if (type === 'string') {
    if (value === null || value === undefined) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'number') {
      // JSON.parse has rounded it already: its digits may be another identifier's.
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
        throw wrong(field, value, 'text in quotes: ' + DIGITS_LOST);
      return String(value);
    }
    if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    throw wrong(field, value, 'text');
  }
  if (value === null || value === undefined) return NaN;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') {
    if (type === 'boolean') return value ? 1 : 0;
    throw wrong(field, value, type === 'timestamp' ? 'a time (ISO 8601, or epoch milliseconds)' : 'a number');
  }
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return fromText(type, value.trim(), field);
  throw wrong(field, value, 'a number, text, true, false or null');
}

/**
 * Rows of plain values as a batch for a model. A column that a row lacks is missing in it.
 *
 * @throws PerennialError INVALID_INPUT where a value cannot be of its column's type.
 */
export function rawBatch(
  inputs: readonly { name: string; columnType: RawType }[],
  rows: readonly Readonly<Record<string, unknown>>[],
): RawBatch {
  const columns: RawBatch['columns'] = {};
  for (const { name, columnType } of inputs) {
    const values = rows.map((row) => rawValue(columnType, row[name], name));
    columns[name] = rawColumn(columnType, values);
  }
  return { rows: rows.length, columns };
}

/** Values of `rawValue` as a column of a batch. */
export function rawColumn(type: RawType, values: readonly (number | string)[]): Float64Array | string[] {
  // Float64Array.from would ask an iterator for every value, which takes ten times as long.
  return type === 'string' ? values.map(String) : new Float64Array(values as readonly number[]);
}

/** Text as CSV files and query strings hold it, blank where nothing is known. */
function fromText(type: Exclude<RawType, 'string'>, text: string, field: string): number {
  if (text === '') return NaN;
  if (type === 'boolean') {
    if (/^(true|t|1)$/i.test(text)) return 1;
    if (/^(false|f|0)$/i.test(text)) return 0;
    throw wrong(field, text, 'true or false');
  }
  if (type === 'timestamp') {
    const ms = parseTime(text);
    if (ms === undefined) throw wrong(field, text, 'a time (ISO 8601) such as 2026-01-31T12:00:00Z');
    return ms;
  }
  if (DECIMAL.test(text)) return Number(text);
  if (text.toLowerCase() === 'nan') return NaN; // As pandas and DuckDB write what is missing.
  throw wrong(field, text, 'a number such as -12.5 or 1e3, blank where it is missing');
}

/** Why a large whole number has to be written as text. */
export const DIGITS_LOST = `a number beyond ${Number.MAX_SAFE_INTEGER} (2^53 - 1) loses digits in JSON`;

/** `Number` alone also takes 0x10, 0b1 and 0o7, which nobody means. Infinity is how the log of predictions writes it. */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^[+-]?Infinity$/;

function wrong(field: string, value: unknown, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `${field} is ${JSON.stringify(value)}; expected ${expected}.`, {
    field,
    value,
    expected,
  });
}
