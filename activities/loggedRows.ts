import { stat } from 'node:fs/promises';
import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { rawColumn, rawValue, type RawBatch, type RawType } from '../config/raw.ts';
import type { Column } from '../decisions/profile.ts';
import type { EngineOptions } from '../sources/engine.ts';
import { hashFile } from '../sources/hash.ts';
import { writeRows } from '../sources/writeFile.ts';
import type { LabelledPrediction } from '../store/predictionTypes.ts';
import type { Signature } from '../store/types.ts';
import { truthOf } from './truth.ts';

export interface LoggedFile {
  path: string;
  /** SHA-256 */
  digest: string;
  bytes: number;
  rows: number;
  /** Rows that cannot be of this dataset: a label that is no value of the target, an input of another type, no key. */
  unfit: number;
}

/**
 * Writes labelled predictions as rows of a dataset to Parquet: inputs as logged, the target from the label, the time of
 * the prediction where it is no input, and the key.
 *
 * A key of several columns is one text in the log. A JSON array of as many values as the definition's key has columns,
 * in that order (`["LHR", 12]`), is told apart. A key column that is an input is read from the inputs, whatever the text
 * says. Any other text is the first key column, as `perennial replay` sends it, and the others are NULL; the dataset
 * then takes the row only where it knows nothing of that first column (sources/retraining.ts).
 *
 * @param columns of the dataset's query
 * @param signature the champion's, whose classes labels stand for
 */
export async function writeLoggedRows(
  path: string,
  predictions: AsyncIterable<LabelledPrediction[]>,
  { columns, definition, signature }: DatasetShape,
  options: EngineOptions & { signal?: AbortSignal },
): Promise<LoggedFile> {
  const { target, time, key = [] } = definition;
  const cells: Cell[] = columns.flatMap((column): Cell[] => {
    const { name } = column;
    const k = key.indexOf(name);
    if (k >= 0) return [{ name, type: 'string', of: (row) => keyCell(column, row, key, k) }];
    if (column.type === 'other') return [];
    const type = column.type;
    if (name === target) return [{ name, type, of: ({ label }) => targetCell(type, label, signature) }];
    const otherwise = (row: LabelledPrediction) => (name === time ? row.at : null);
    return [{ name, type, of: (row) => rawCell(type, row.inputs[name] ?? otherwise(row)) }];
  });
  let unfit = 0;
  async function* batches(): AsyncGenerator<RawBatch> {
    for await (const batch of predictions) {
      const rows = batch.flatMap((row) => {
        const values = valuesOf(row, cells);
        if (values === undefined) unfit++;
        return values === undefined ? [] : [values];
      });
      yield toBatch(rows, cells);
    }
  }
  const { rows } = await writeRows(path, cells, batches(), options);
  const digest = await hashFile(path, options);
  return { path, digest, bytes: (await stat(path)).size, rows, unfit };
}

export interface DatasetShape {
  columns: readonly Column[];
  definition: Pick<Definition, 'target' | 'time' | 'key'>;
  signature?: Pick<Signature, 'task' | 'classes'>;
}

interface Cell {
  name: string;
  type: RawType;
  /** Undefined: the row cannot be of this dataset. */
  of: (row: LabelledPrediction) => number | string | undefined;
}

function valuesOf(row: LabelledPrediction, cells: readonly Cell[]): (number | string)[] | undefined {
  const values: (number | string)[] = [];
  for (const cell of cells) {
    const value = cell.of(row);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function toBatch(rows: readonly (number | string)[][], cells: readonly Cell[]): RawBatch {
  const columns: RawBatch['columns'] = {};
  for (const [i, { name, type }] of cells.entries()) {
    columns[name] = rawColumn(
      type,
      rows.map((row) => row[i]),
    );
  }
  return { rows: rows.length, columns };
}

function rawCell(type: RawType, value: unknown): number | string | undefined {
  try {
    const raw = rawValue(type, value, 'inputs');
    // Whole milliseconds, and no time without end.
    return type === 'timestamp' ? (Number.isFinite(raw) ? Math.floor(Number(raw)) : NaN) : raw;
  } catch (error) {
    if (error instanceof PerennialError && error.code === 'INVALID_INPUT') return undefined;
    throw error;
  }
}

/** A class that the champion does not know is one that the next version shall learn. */
function targetCell(
  type: RawType,
  label: LabelledPrediction['label'],
  signature: DatasetShape['signature'],
): number | string | undefined {
  const known = signature && truthOf(signature, label);
  if (known === undefined && signature?.task === 'regression') return undefined;
  const value = rawCell(type, known ?? label);
  return value === '' || Number.isNaN(value) ? undefined : value;
}

/** Kept for longer than an index takes, its text is not known any more: see storedId(). */
const HASHED_KEY = /^sha256:[0-9a-f]{64}$/;

/** Text, '' for NULL: numbers of more than 15 digits keep all of them. */
function keyCell(
  column: Column,
  row: LabelledPrediction,
  key: readonly string[],
  index: number,
): string | undefined {
  const logged = row.inputs[column.name];
  if (logged !== undefined && logged !== null && logged !== '') return keyText(column, logged);
  const parts = key.length > 1 ? splitKey(row.key, key.length) : undefined;
  if (parts) {
    const part = parts[index];
    return part === null ? '' : keyText(column, part);
  }
  if (index > 0) return '';
  return row.key === '' || HASHED_KEY.test(row.key) ? undefined : keyText(column, row.key);
}

function splitKey(text: string, parts: number): (string | number | boolean | null)[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const values = JSON.parse(text) as unknown;
    const isPlain = (value: unknown) => value === null || typeof value !== 'object';
    if (!Array.isArray(values) || values.length !== parts || !values.every(isPlain)) return undefined;
    return values as (string | number | boolean | null)[];
  } catch {
    return undefined;
  }
}

/** As the engine reads it: a time, of which callers send text or epoch milliseconds, without its `T` and its zone. */
function keyText({ type }: Column, value: string | number | boolean): string | undefined {
  if (type !== 'timestamp') return String(value);
  const text = String(value);
  const raw = rawCell('timestamp', /^-?\d+$/.test(text) ? Number(text) : text);
  if (raw === undefined || Number.isNaN(raw) || Math.abs(Number(raw)) > MAX_DATE_MS) return undefined;
  return new Date(Number(raw)).toISOString().replace('T', ' ').replace('Z', '');
}

const MAX_DATE_MS = 8.64e15;
