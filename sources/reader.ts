import type { Source } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { Column } from '../decisions/profile.ts';
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
  return { sql: inferring(await typesOf(engine, inferring, strict, spec.types ?? {})), strict };
}

/** The declared types, and VARCHAR for the columns of which DuckDB's inference makes what was not published. */
async function typesOf(
  engine: Engine,
  inferring: (types: Record<string, string>) => string,
  strict: string,
  declared: Record<string, string>,
): Promise<Record<string, string>> {
  const types = { ...declared };
  for (;;) {
    const misread = await findMisread(engine, inferring(types), strict, types);
    for (const { name } of misread) types[name] = 'VARCHAR';
    // Dates of a file are read in one format: without the column that gave it, another may be found for the rest.
    if (!misread.some(({ type }) => type === 'timestamp')) return types;
  }
}

/** As DuckDB itself writes dates and times, with ISO 8601's T and zones. Its case does not matter. */
const ISO =
  '\\d{4,}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}(:\\d{2}([.,]\\d+)?)?( ?(Z|UTC|[+-]\\d{2}(:?\\d{2})*))?)?|[+-]?infinity';

/**
 * DuckDB infers yes, no, t and f as booleans; as published they are words, and a class is called what it was called. It
 * guesses for each file whether 01/02/2020 is of January or of February, so only ISO 8601 is a date here.
 */
async function findMisread(
  engine: Engine,
  inferred: string,
  strict: string,
  declared: Record<string, string>,
): Promise<Column[]> {
  // A file that cannot be read says so when it is read, with its line.
  const columns = (await describe(engine, inferred).catch(() => [])).filter(
    ({ name, type }) => (type === 'boolean' || type === 'timestamp') && !Object.hasOwn(declared, name),
  );
  if (columns.length === 0) return [];
  const tests = columns.map(({ name, type }, i) => {
    const text = `trim(CAST(${quoteName(name)} AS VARCHAR))`;
    const fits =
      type === 'boolean'
        ? `lower(${text}) IN ('true', 'false')`
        : `regexp_full_match(${text}, ${quoteText(ISO)}, 'i')`;
    return `bool_or(NOT ${fits}) AS c${i}`;
  });
  const found = await engine.row(`SELECT ${tests.join(', ')} FROM ${strict}`);
  return columns.filter((_, i) => found[`c${i}`] === true);
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
