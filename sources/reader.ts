import type { Source } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { readDialect } from './dialect.ts';
import type { Engine } from './engine.ts';
import { unreadable } from './failure.ts';
import { nearest } from './nearest.ts';
import { fileList, quoteName, quoteText } from './quote.ts';
import type { AttachedSource } from './attach.ts';
import { describe } from './describe.ts';

/** The reading of a source as a table function call, and the plain one that says which row is broken. */
export interface Reading {
  sql: string;
  /** CSV: without inference, which hides the line of a broken row. */
  strict?: string;
}

/** @throws PerennialError SOURCE_UNREADABLE, UNKNOWN_COLUMN */
export async function readingOf(engine: Engine, source: AttachedSource): Promise<Reading> {
  const { files, spec } = source;
  switch (spec.kind) {
    case 'csv':
      return csvReading(engine, source, spec);
    case 'json':
      return {
        sql: `read_json(${fileList(files)}, sample_size = -1, union_by_name = true, hive_partitioning = ${partitioned(files)})`,
      };
    case 'parquet':
      return {
        sql: `read_parquet(${fileList(files)}, union_by_name = ${files.length > 1}, hive_partitioning = ${partitioned(files)})`,
      };
    case 'postgres':
      return { sql: `read_parquet(${fileList(files)})` };
  }
}

/** Reads the source once to find the broken row that inference only hints at. */
export async function explainUnreadable(
  engine: Engine,
  source: AttachedSource,
  reading: Reading | undefined,
  error: unknown,
): Promise<PerennialError> {
  const first = unreadable(source.name, error, source.files);
  if (
    reading?.strict === undefined ||
    first.code !== 'SOURCE_UNREADABLE' ||
    /line \d+/.test(first.value ?? '')
  )
    return first;
  try {
    await engine.run(`SELECT count(COLUMNS(*)) FROM ${reading.strict}`);
  } catch (plain) {
    return unreadable(source.name, plain, source.files);
  }
  return first;
}

async function csvReading(
  engine: Engine,
  source: AttachedSource,
  spec: Extract<Source, { kind: 'csv' }>,
): Promise<Reading> {
  const { files, name } = source;
  const [file, ...others] = files as [string, ...string[]];
  const dialect = await head(engine, name, file, spec);
  for (const other of others) {
    const { names } = await head(engine, name, other, { ...spec, delimiter: dialect.delimiter });
    if (names.join('\0') !== dialect.names.join('\0')) {
      throw unreadable(name, new Error(`its header differs from that of ${file}`), [other]);
    }
  }
  refuseUnknownTypes(name, spec.types ?? {}, dialect.names);
  const common = [
    fileList(files),
    `header = ${spec.header}`,
    `delim = ${quoteText(dialect.delimiter)}`,
    `quote = '"', escape = '"', comment = '', skip = 0`,
    `nullstr = [${['', ...spec.nulls].map(quoteText).join(', ')}]`,
    `hive_partitioning = ${partitioned(files)}`,
  ].join(', ');
  const names = `names = [${dialect.names.map(quoteText).join(', ')}]`;
  const strict = `read_csv(${common}, auto_detect = false, columns = {${dialect.names.map((n) => `${quoteText(n)}: 'VARCHAR'`).join(', ')}})`;
  const inferring = (types: Record<string, string>): string => {
    const declared = Object.entries(types).map(
      ([column, type]) => `${quoteText(column)}: ${quoteText(type)}`,
    );
    return `read_csv(${common}, ${names}, sample_size = -1, files_to_sniff = -1${declared.length > 0 ? `, types = {${declared.join(', ')}}` : ''})`;
  };
  const words = await wordsTakenForBooleans(engine, inferring(spec.types ?? {}), strict, spec.types ?? {});
  return {
    sql: inferring({ ...Object.fromEntries(words.map((name) => [name, 'VARCHAR'])), ...spec.types }),
    strict,
  };
}

/** DuckDB infers yes, no, t and f as booleans; as published they are words, and a class is called what it was called. */
async function wordsTakenForBooleans(
  engine: Engine,
  inferred: string,
  strict: string,
  declared: Record<string, string>,
): Promise<string[]> {
  // A file that cannot be read says so when it is read, with its line.
  const booleans = (await describe(engine, inferred).catch(() => []))
    .filter(({ name, type }) => type === 'boolean' && !Object.hasOwn(declared, name))
    .map(({ name }) => name);
  if (booleans.length === 0) return [];
  const wordy = booleans.map(
    (name, i) => `bool_or(lower(trim(${quoteName(name)})) NOT IN ('true', 'false')) AS c${i}`,
  );
  const found = await engine.row(`SELECT ${wordy.join(', ')} FROM ${strict}`);
  return booleans.filter((_, i) => found[`c${i}`] === true);
}

async function head(
  engine: Engine,
  name: string,
  file: string,
  spec: { delimiter?: string; header: boolean },
) {
  try {
    return await readDialect(engine, file, spec);
  } catch (error) {
    throw unreadable(name, error, [file]);
  }
}

function refuseUnknownTypes(name: string, types: Record<string, string>, columns: string[]): void {
  for (const column of Object.keys(types)) {
    if (columns.includes(column)) continue;
    throw new PerennialError(
      'UNKNOWN_COLUMN',
      `sources.${name}.types names "${column}", which the file does not have. ${nearest(column, columns)}`,
      { field: `sources.${name}.types`, value: column, expected: nearest(column, columns) },
    );
  }
}

/** Folders such as `year=2001/` are columns only where every file lies in one. */
function partitioned(files: readonly string[]): boolean {
  return files.length > 1 && files.every((file) => /\/[^/=]+=[^/]+\//.test(file));
}
