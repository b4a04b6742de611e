import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { rawValue } from '../config/raw.ts';
import type { Column } from '../decisions/profile.ts';
import { rawExpression } from './columns.ts';
import type { Engine, RunOptions } from './engine.ts';
import { quoteName, quoteText } from './quote.ts';

/** What decides on which side a row stands, and in which order rows are drawn. */
export interface SplitPlan {
  /** Of the lifecycle. */
  name: string;
  split: Definition['split'];
  /** Columns that identify a row; the whole row where there are none. */
  key?: string[];
  /** Needed for a split by time or moment. */
  time?: string;
  /** Of the drawing order; the sides do not depend on it. */
  seed: number;
}

/** As a definition says it. */
export function splitPlan({ name, split, key, time, seed }: Definition): SplitPlan {
  return { name, split, key, time, seed };
}

export type Side = 'train' | 'test';

/** Names with a space stand beside a dataset's columns, which may be called `test`, `ord`, `rowid` or anything else. */
const ASSIGNMENT = quoteName('the assignment');
/** BOOLEAN: the row stands in the hold-out. */
export const IS_TEST = quoteName('the row is of the test side');
/** BIGINT from 1, a total order. */
export const DRAWN = quoteName('the place in the drawing order');
/** BIGINT from 1: the row's place in its file. */
export const PLACE = quoteName('the place of the row');

/** `IS_TEST` and `DRAWN` of each of the snapshot's rows, in its order. A subquery, since a table has a `rowid`. */
export const ASSIGNED = `(SELECT * FROM ${ASSIGNMENT})`;

/** The snapshot's columns, and `IS_TEST` and `DRAWN`. */
export function assignedRows(path: string): string {
  return `read_parquet(${path}) POSITIONAL JOIN ${ASSIGNED}`;
}

/** The snapshot's columns, and `PLACE`. The reader's `file_row_number` is refused where a column has that name. */
export function numberedRows(path: string): string {
  return `(SELECT *, row_number() OVER () AS ${PLACE} FROM read_parquet(${path}))`;
}

/**
 * Gives every row of a snapshot its side and its place in the drawing order.
 *
 * By hash: u = the first 52 bits of SHA-256(name, 0x00, key) / 2^52; test where u < share. So a row keeps its side in
 * every later snapshot. The drawing order is MD5(seed, 0x00, key), read as a little-endian number: nobody gains by a collision there, and it takes
 * 0.3 s of CPU for 3,000,000 keys where SHA-256 takes 0.9 s.
 *
 * Duplicates: rows with one key share both hashes, so they stand on the same side of a split by hash and next to each
 * other in the drawing order, there sorted by the text of the whole row. So the order does not depend on the file's,
 * except among rows that are equal in every column, where it does not matter.
 *
 * By time: the latest rows, at least `test` of those whose time is known; rows of one time stand on one side. A row
 * without a time is trained on.
 */
export async function assignRows(
  engine: Engine,
  path: string,
  columns: readonly Column[],
  plan: SplitPlan,
  run: RunOptions = {},
): Promise<void> {
  const rows = numberedRows(path);
  const test = await testCondition(engine, path, columns, plan, run);
  const key = keyText(keyColumns(columns, plan.key));
  await engine.run(
    `CREATE OR REPLACE TABLE hashed AS SELECT ${PLACE} AS place, ${test} AS test,
       md5_number(${quoteText(`${plan.seed}`)} || chr(0) || ${key}) AS draw, '' AS tie FROM ${rows}`,
    run,
  );
  if (plan.key) await breakTies(engine, rows, columns, run);
  await engine.run(
    `CREATE OR REPLACE TABLE ${ASSIGNMENT} AS SELECT ${IS_TEST}, ${DRAWN} FROM (
       SELECT place, test AS ${IS_TEST}, row_number() OVER (ORDER BY draw, tie, place) AS ${DRAWN} FROM hashed) ORDER BY place`,
    run,
  );
  await engine.run('DROP TABLE hashed');
}

/** SQL text of a key: values as DuckDB prints them, joined by 0x1f; NULL is 0x00, which no text starts with. */
export function keyText(columns: readonly Column[]): string {
  return columns
    .map((c) => `coalesce(CAST(${quoteName(c.name)} AS VARCHAR), chr(0))`)
    .join(` || chr(31) || `);
}

export function keyColumns(
  columns: readonly Column[],
  key: readonly string[] | undefined,
): readonly Column[] {
  return key ? key.map((name) => findColumn(columns, name, 'key')) : columns;
}

export function findColumn(columns: readonly Column[], name: string, field: string): Column {
  const column = columns.find((c) => c.name === name);
  if (column) return column;
  throw new PerennialError('UNKNOWN_COLUMN', `${field} names "${name}", which the dataset does not have.`, {
    field,
    value: name,
    expected: columns.map((c) => c.name).join(', '),
  });
}

async function testCondition(
  engine: Engine,
  path: string,
  columns: readonly Column[],
  plan: SplitPlan,
  run: RunOptions,
): Promise<string> {
  const { split } = plan;
  if (split.by === 'hash') {
    // u < share is hex(first 52 bits) < hex(share * 2^52), as text of 13 digits: share * 2^52 is exact in a double.
    const limit = BigInt(Math.ceil(split.test * 2 ** 52))
      .toString(16)
      .padStart(13, '0');
    const key = keyText(keyColumns(columns, plan.key));
    return `(left(sha256(${quoteText(plan.name)} || chr(0) || ${key}), 13) < ${quoteText(limit)})`;
  }
  const time = findColumn(columns, plan.time ?? '', 'time');
  const value = rawExpression(time);
  if (split.by === 'moment') {
    return `(${value} >= ${rawValue('timestamp', split.from, 'split.from')} AND NOT isnan(${value}))`;
  }
  const { cut } = await engine.row(
    `WITH times AS (SELECT ${value} AS t, count(*) AS n FROM read_parquet(${path}) WHERE NOT isnan(${value}) GROUP BY 1),
          later AS (SELECT t, sum(n) OVER (ORDER BY t DESC) AS m, sum(n) OVER () AS total FROM times)
     SELECT coalesce(
       max(t) FILTER (m >= ${split.test} * total AND m < total),
       min(t) FILTER (m < total)) AS cut FROM later`,
    run,
  );
  // NULL: fewer than two times, so no cut has rows on both sides.
  return cut === null ? 'false' : `(${value} >= ${Number(cut)} AND NOT isnan(${value}))`;
}

/** Rows of one key are told apart by their whole text; with a unique key, as it should be, there are none. */
async function breakTies(
  engine: Engine,
  rows: string,
  columns: readonly Column[],
  run: RunOptions,
): Promise<void> {
  await engine.run(
    `CREATE OR REPLACE TABLE repeated AS SELECT draw FROM hashed GROUP BY draw HAVING count(*) > 1`,
    run,
  );
  const { n } = await engine.row('SELECT count(*) AS n FROM repeated');
  if (Number(n) > 0) {
    await engine.run(
      `UPDATE hashed SET tie = r.text FROM (SELECT ${PLACE} AS place, ${keyText(columns)} AS text FROM ${rows}
         WHERE ${PLACE} IN (SELECT place FROM hashed SEMI JOIN repeated USING (draw))) r
       WHERE hashed.place = r.place`,
      run,
    );
  }
  await engine.run('DROP TABLE repeated');
}
