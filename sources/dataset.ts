import { version } from '@duckdb/node-api';
import { createHash } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { canonicalJson } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { Column } from '../decisions/profile.ts';
import { attach } from './attach.ts';
import { describe } from './describe.ts';
import { openEngine, type Engine, type EngineOptions, type RunOptions } from './engine.ts';
import { sentence } from './failure.ts';
import { refuseUnsafe } from './guard.ts';
import { hashFile } from './hash.ts';
import { fileList, quoteName, quoteText } from './quote.ts';
import { verifyUnchanged } from './resolve.ts';
import { retrainingKey, selectRetraining, type Retraining } from './retraining.ts';
import type { ResolvedSource } from './types.ts';

export interface DatasetInput extends RunOptions {
  sources: ResolvedSource[];
  /** One SELECT over the sources' names. */
  query: string;
  /** For spilling. */
  scratch: string;
  memoryLimitBytes?: number;
  /** Absent: all rows of the query. */
  retraining?: Retraining;
}

export interface Snapshot {
  rows: number;
  /** Of a retraining: how many of these are of the prediction log. */
  logged?: number;
  bytes: number;
  /** SHA-256 of the Parquet file. */
  digest: string;
  columns: Column[];
}

/**
 * The same key means the same snapshot: what was published, how it is read, the query, the engine, and of a retraining
 * what decides its rows.
 */
export function datasetKey(
  sources: readonly ResolvedSource[],
  query: string,
  retraining?: Retraining,
): string {
  const parts = sources.map(({ name, digest, spec }) => ({ name, digest, reading: readingOptions(spec) }));
  const chosen = retraining && retrainingKey(retraining);
  const whole = { sources: parts, query, engine: `duckdb ${version()}` };
  return createHash('sha256')
    .update(canonicalJson(chosen ? { ...whole, retraining: chosen } : whole))
    .digest('hex');
}

/** Of what the sources hold, whatever is asked of it. */
export function sourcesDigest(sources: readonly Pick<ResolvedSource, 'name' | 'digest'>[]): string {
  const digests = sources.map(({ name, digest }) => [name, digest]);
  return createHash('sha256').update(canonicalJson(digests)).digest('hex');
}

/**
 * The columns that a query gives, without running it. CSV and JSON files are read once to infer their types.
 *
 * @throws PerennialError SQL_REFUSED, SOURCE_UNREADABLE, UNKNOWN_COLUMN, CANCELLED
 */
export async function describeDataset(input: DatasetInput): Promise<Column[]> {
  return withDataset(input, [], { load: false }, describeView);
}

/**
 * Runs the query over the sources, with every other file and the network closed, and writes the rows to `path` as
 * Parquet (zstd), through a temporary file and a rename. On one thread: the same bytes and query give the same digest.
 *
 * @throws PerennialError SQL_REFUSED, SOURCE_UNREADABLE, UNKNOWN_COLUMN, CANCELLED
 */
export async function materializeDataset(input: DatasetInput & { path: string }): Promise<Snapshot> {
  const part = `${input.path}.part`;
  try {
    const snapshot = await withDataset(input, [part], { load: true }, async (engine) => {
      const columns = await describeView(engine);
      const chosen: { sql: string; logged?: number } = input.retraining
        ? await selectRetraining(engine, DATASET, columns, input.retraining, input)
        : { sql: `SELECT * FROM ${DATASET}` };
      const { Count: rows } = await engine.row(
        `COPY (${chosen.sql}) TO ${quoteText(part)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
        input,
      );
      return {
        rows: Number(rows),
        logged: chosen.logged,
        // Parquet has no HUGEINT and no ENUM: the snapshot's own types count.
        columns: await describe(engine, `read_parquet(${fileList([part])})`),
      };
    });
    await verifyUnchanged(input.sources);
    const digest = await hashFile(part, { signal: input.signal, onProgress: () => input.onProgress?.(1) });
    const { size: bytes } = await stat(part);
    await rename(part, input.path);
    return { ...snapshot, bytes, digest };
  } finally {
    await rm(part, { force: true });
  }
}

/** Name of the view over the query; no source can be called so. */
const DATASET = quoteName('the dataset');

async function withDataset<T>(
  input: DatasetInput,
  outputs: string[],
  how: { load: boolean },
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const options: EngineOptions = {
    scratch: input.scratch,
    memoryLimitBytes: input.memoryLimitBytes,
    threads: 1,
  };
  const engine = await openEngine(options);
  try {
    // First what costs nothing: a bad query is refused before any file is read.
    await refuseUnsafe(
      engine,
      input.query,
      input.sources.map((source) => source.name),
      'dataset',
    );
    for (const source of input.sources) await attach(engine, source, how.load, input);
    const { logged } = input.retraining ?? {};
    const inputs = [...input.sources.flatMap((source) => source.files), ...(logged ? [logged.path] : [])];
    await engine.lock([...inputs, ...outputs]);
    try {
      return await work(await createView(engine, input.query));
    } catch (error) {
      throw refused(error, input.sources);
    }
  } finally {
    await engine.close();
  }
}

/** A view, because a query may end in a semicolon or a comment, which no bracket survives. */
async function createView(engine: Engine, query: string): Promise<Engine> {
  const statement = await engine.connection.prepare(query);
  const names = Array.from({ length: statement.columnCount }, (_, i) => statement.columnName(i));
  statement.destroySync();
  refuseDuplicates(names);
  await engine.run(`CREATE VIEW ${DATASET} AS ${query}`);
  return engine;
}

function refuseDuplicates(names: string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const before = seen.get(name.toLowerCase());
    if (before !== undefined) {
      throw new PerennialError(
        'SQL_REFUSED',
        `dataset gives two columns the name "${before}"${before === name ? '' : ` ("${name}")`}.`,
        {
          field: 'dataset',
          value: name,
          expected: 'a name of its own for each column (AS)',
        },
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

async function describeView(engine: Engine): Promise<Column[]> {
  return describe(engine, DATASET);
}

/** What DuckDB said of the query, as an error of this project. */
function refused(error: unknown, sources: readonly ResolvedSource[]): PerennialError {
  if (error instanceof PerennialError) return error;
  const text = sentence(error);
  const source = sources.find((s) => s.files.some((file) => text.includes(file)));
  if (source) {
    return new PerennialError('SOURCE_UNREADABLE', `Source ${source.name}: ${text}`, {
      field: `sources.${source.name}`,
      value: source.files[0],
      expected: 'a file that can be read from its first to its last row',
      cause: error,
    });
  }
  const column = /^Binder Error: Referenced column "(.*?)" not found/.exec(text);
  const code = column ? 'UNKNOWN_COLUMN' : 'SQL_REFUSED';
  return new PerennialError(code, `dataset: ${text}`, {
    field: 'dataset',
    value: column?.[1],
    expected: /^Out of Memory/.test(text)
      ? 'a query that fits in the memory limit'
      : 'SQL that DuckDB accepts over the sources',
    cause: error,
  });
}

/** All of a source's declaration but where it lies: a file that moved is the same file. */
function readingOptions(spec: ResolvedSource['spec']): object {
  if (spec.kind === 'postgres') return { kind: spec.kind };
  return spec.kind === 'csv'
    ? {
        kind: spec.kind,
        delimiter: spec.delimiter,
        header: spec.header,
        nulls: spec.nulls,
        types: spec.types,
      }
    : { kind: spec.kind };
}
