import type { Engine, RunOptions } from './engine.ts';
import { quoteName } from './quote.ts';
import { explainUnreadable, readingOf, type Reading } from './reader.ts';
import type { ResolvedSource } from './types.ts';

/**
 * A source becomes a view (Parquet, read as it is needed) or, for CSV and JSON, a table: every row and every column is
 * read, so a broken row is found even where the query does not look at it.
 */
export async function attach(
  engine: Engine,
  source: AttachedSource,
  load: boolean,
  run: RunOptions,
): Promise<void> {
  let reading: Reading | undefined;
  try {
    reading = await readingOf(engine, source);
    const columnar = source.kind === 'parquet' || source.kind === 'postgres';
    const what = load && !columnar ? 'TABLE' : 'VIEW';
    await engine.run(`CREATE ${what} ${quoteName(source.name)} AS SELECT * FROM ${reading.sql}`, run);
  } catch (error) {
    throw await explainUnreadable(engine, source, reading, error);
  }
}

/** As much of a resolved source as reading it takes. */
export type AttachedSource = Pick<ResolvedSource, 'name' | 'kind' | 'files' | 'spec'>;
