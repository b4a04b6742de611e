import {
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch, RawType } from '../config/raw.ts';
import { attach } from './attach.ts';
import { describe } from './describe.ts';
import { openEngine, throwIfCancelled, type Engine, type EngineOptions } from './engine.ts';
import { fileKind, fileSource } from './fileKind.ts';
import { quoteName, quoteText } from './quote.ts';

const CHUNK_ROWS = 2048;

/**
 * Writes rows to a CSV, Parquet or JSON file, told by its name, through a temporary file and a rename: it appears whole
 * or not at all. With `beside`, the columns of that file (with as many rows) come first, as they stand there.
 *
 * @throws PerennialError INVALID_INPUT where the folder does not exist, or the rows beside are more or fewer
 */
export async function writeRows(
  path: string,
  columns: readonly { name: string; type: RawType }[],
  batches: AsyncIterable<RawBatch>,
  options: EngineOptions & { beside?: string; signal?: AbortSignal },
): Promise<{ rows: number; bytes: number }> {
  const target = resolve(path);
  const kind = fileKind(target);
  if (!(await stat(dirname(target)).catch(() => undefined))?.isDirectory()) {
    throw new PerennialError('INVALID_INPUT', `The folder ${dirname(target)} does not exist.`, {
      field: 'path',
      value: path,
      expected: 'a path in a folder that exists',
    });
  }
  const part = join(dirname(target), `.${basename(target)}.part`);
  const engine = await openEngine({ ...options, threads: 1 });
  try {
    const rows = await fill(engine, columns, batches, options.signal);
    const sql = await selection(engine, columns, rows, kind, options.beside);
    await engine.run(`COPY (${sql}) TO ${quoteText(part)} (${format(target, kind)})`, options);
    const { size: bytes } = await stat(part);
    await rename(part, target);
    return { rows, bytes };
  } finally {
    await engine.close();
    await rm(part, { force: true });
  }
}

const TYPES: Record<RawType, DuckDBType> = {
  number: DOUBLE,
  boolean: BOOLEAN,
  timestamp: TIMESTAMP,
  string: VARCHAR,
};

/** Rows wait in a table, which spills, so a file is never half-written. */
async function fill(
  engine: Engine,
  columns: readonly { name: string; type: RawType }[],
  batches: AsyncIterable<RawBatch>,
  signal?: AbortSignal,
): Promise<number> {
  const types = columns.map((c) => TYPES[c.type]);
  await engine.run(`CREATE TABLE filled (${types.map((type, i) => `c${i} ${type.toString()}`).join(', ')})`);
  const appender = await engine.connection.createAppender('filled');
  let rows = 0;
  for await (const batch of batches) {
    throwIfCancelled(signal);
    for (let from = 0; from < batch.rows; from += CHUNK_ROWS) {
      const to = Math.min(batch.rows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types, to - from);
      chunk.setColumns(columns.map(({ name, type }) => toValues(type, batch.columns[name] ?? [], from, to)));
      appender.appendDataChunk(chunk);
    }
    rows += batch.rows;
  }
  appender.closeSync();
  return rows;
}

function toValues(type: RawType, values: Float64Array | string[], from: number, to: number): DuckDBValue[] {
  return Array.from(values.slice(from, to) as ArrayLike<number | string>, (value) => {
    if (typeof value === 'string') return value === '' ? null : value;
    if (Number.isNaN(value)) return null;
    if (type === 'boolean') return value !== 0;
    return type === 'timestamp' ? new DuckDBTimestampValue(BigInt(value) * 1000n) : value;
  });
}

async function selection(
  engine: Engine,
  columns: readonly { name: string; type: RawType }[],
  rows: number,
  kind: string,
  beside: string | undefined,
): Promise<string> {
  const cells: string[] = [];
  for (const [i, { name, type }] of columns.entries()) {
    const whole = type === 'number' && (await isWhole(engine, `c${i}`));
    // With its table: a file beside may have a column c0 of its own.
    cells.push(`${whole ? `CAST(filled.c${i} AS BIGINT)` : `filled.c${i}`} AS ${quoteName(name)}`);
  }
  if (beside === undefined) return `SELECT ${cells.join(', ')} FROM filled`;
  const source = await fileSource(beside);
  await attach(engine, source, true, {});
  let columnsBeside = await describe(engine, quoteName(source.name));
  if (kind === 'csv' && source.spec.kind === 'csv') {
    // From text to text: nothing is reformatted.
    const types = Object.fromEntries(columnsBeside.map((c) => [c.name, 'VARCHAR']));
    await engine.run(`DROP TABLE ${quoteName(source.name)}`);
    await attach(engine, { ...source, spec: { ...source.spec, types } }, true, {});
    columnsBeside = await describe(engine, quoteName(source.name));
  }
  const { n } = await engine.row(`SELECT count(*) AS n FROM ${quoteName(source.name)}`);
  if (Number(n) !== rows) {
    throw new PerennialError('INVALID_INPUT', `${beside} has ${String(n)} rows where ${rows} are written.`, {
      field: 'beside',
      value: beside,
      expected: `${rows} rows`,
    });
  }
  const taken = new Set(columns.map((c) => c.name.toLowerCase()));
  const kept = columnsBeside
    .filter((c) => !taken.has(c.name.toLowerCase()))
    .map((c) => `beside.${quoteName(c.name)}`);
  return `SELECT ${[...kept, ...cells].join(', ')} FROM ${quoteName(source.name)} AS beside POSITIONAL JOIN filled`;
}

/** Class labels such as 0 and 1 are written as whole numbers, not as 0.0 and 1.0. */
async function isWhole(engine: Engine, column: string): Promise<boolean> {
  const { whole } = await engine.row(
    `SELECT bool_and(${column} = trunc(${column}) AND abs(${column}) < 1e15) AS whole FROM filled`,
  );
  return whole === true;
}

function format(path: string, kind: string): string {
  if (kind === 'parquet') return 'FORMAT parquet, COMPRESSION zstd';
  const compression = /\.gz$/i.test(path)
    ? ', COMPRESSION gzip'
    : /\.zst$/i.test(path)
      ? ', COMPRESSION zstd'
      : '';
  if (kind === 'csv')
    return `FORMAT csv, HEADER${/\.tsv/i.test(path) ? `, DELIMITER '\t'` : ''}${compression}`;
  return `FORMAT json, ARRAY ${/\.json(\.(gz|zst))?$/i.test(path)}${compression}`;
}
