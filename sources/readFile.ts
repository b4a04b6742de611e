import { PerennialError } from '../config/errors.ts';
import type { RawBatch, RawType } from '../config/raw.ts';
import type { Column } from '../decisions/profile.ts';
import { attach, type AttachedSource } from './attach.ts';
import { describe } from './describe.ts';
import { streamBatches } from './batches.ts';
import { rawExpression } from './columns.ts';
import { openEngine, type Engine, type EngineOptions } from './engine.ts';
import { sentence } from './failure.ts';
import { fileSource } from './fileKind.ts';
import { nearest } from './nearest.ts';
import { quoteName } from './quote.ts';
import { PLACE } from './split.ts';

/**
 * Streams columns of a CSV, Parquet or JSON file, told by its name, in the file's order and in the types that a model
 * reads. Text columns of a CSV are read as they stand: `01234` stays that.
 *
 * @throws PerennialError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, UNKNOWN_COLUMN, INVALID_INPUT naming column, row and value
 */
export async function* readFileBatches(
  path: string,
  columns: readonly { name: string; type: RawType }[],
  options: EngineOptions & { batchRows?: number; signal?: AbortSignal },
): AsyncGenerator<RawBatch> {
  const source = await fileSource(path);
  const engine = await openEngine(options);
  try {
    const wanted = await attachAs(engine, source, columns);
    await engine.lock(source.files);
    const expressions = wanted.map(({ column, type }) => rawExpression(column, type));
    try {
      yield* streamBatches(
        engine,
        `SELECT ${expressions.join(', ')} FROM ${quoteName(source.name)}`,
        columns.map(({ name, type }) => ({ name, text: type === 'string' })),
        options,
      );
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw await explainValue(engine, source, wanted, error);
    }
  } finally {
    await engine.close();
  }
}

interface Wanted {
  column: Column;
  type: RawType;
}

/** Makes the file a view whose text columns are text. */
async function attachAs(
  engine: Engine,
  source: AttachedSource,
  columns: readonly { name: string; type: RawType }[],
): Promise<Wanted[]> {
  await attach(engine, source, false, {});
  const inferred = await describe(engine, quoteName(source.name));
  for (const { name } of columns) {
    if (inferred.some((c) => c.name === name)) continue;
    const hint = nearest(
      name,
      inferred.map((c) => c.name),
    );
    throw new PerennialError('UNKNOWN_COLUMN', `${source.files[0]} has no column "${name}". ${hint}`, {
      field: name,
      value: name,
      expected: hint,
    });
  }
  if (source.spec.kind === 'csv') {
    const types = Object.fromEntries(
      columns.filter((c) => c.type === 'string').map((c) => [c.name, 'VARCHAR']),
    );
    await engine.run(`DROP VIEW ${quoteName(source.name)}`);
    await attach(engine, { ...source, spec: { ...source.spec, types } }, false, {});
  }
  const read = await describe(engine, quoteName(source.name));
  return columns.flatMap(({ name, type }) =>
    read.filter((c) => c.name === name).map((column) => ({ column, type })),
  );
}

/** Finds the first value that does not fit, since the engine names only the value. */
async function explainValue(
  engine: Engine,
  source: AttachedSource,
  wanted: Wanted[],
  error: unknown,
): Promise<unknown> {
  if (error instanceof PerennialError) return error;
  const file = source.files[0] ?? '';
  for (const { column, type } of wanted) {
    if (type === 'string') continue;
    const name = quoteName(column.name);
    const fits = rawExpression(column, type).replace(/\bCAST\(/g, 'TRY_CAST(');
    const there = column.type === 'string' ? `nullif(trim(${name}), '') IS NOT NULL` : `${name} IS NOT NULL`;
    const misfit = `isnan(${fits}) AND ${there} AND lower(CAST(${name} AS VARCHAR)) <> 'nan'`;
    const [first] = await engine
      .run(
        `SELECT ${PLACE} AS place, CAST(${name} AS VARCHAR) AS value FROM (SELECT *, row_number() OVER () AS ${PLACE} FROM ${quoteName(source.name)})
         WHERE ${misfit} LIMIT 1`,
      )
      .catch(() => []);
    if (!first) continue;
    const where = `${file}, row ${String(first.place)}`;
    const expected =
      type === 'timestamp' ? 'a time (ISO 8601)' : type === 'boolean' ? 'true or false' : 'a number';
    return new PerennialError(
      'INVALID_INPUT',
      `${where}: ${column.name} is "${String(first.value)}"; expected ${expected}.`,
      {
        field: column.name,
        value: String(first.value),
        expected,
        cause: error,
      },
    );
  }
  return new PerennialError('SOURCE_UNREADABLE', `${file}: ${sentence(error)}`, {
    field: 'path',
    value: file,
    expected: 'a file that can be read from its first to its last row',
    cause: error,
  });
}
