import type { Measurement } from '../decisions/checks.ts';
import type { Column } from '../decisions/profile.ts';
import type { RunOptions } from './engine.ts';
import { examplesOf } from './examples.ts';
import type { MeasureContext } from './measure.ts';
import { quoteName } from './quote.ts';
import { ASSIGNED, IS_TEST, keyColumns, numberedRows, PLACE } from './split.ts';
import type { Table } from './table.ts';

/**
 * Rows that are found twice, exactly. The engine's hash narrows 3,000,000 rows of 17 columns to a few candidates in
 * 0.2 s, and these are compared by value: grouping all rows by value takes seconds and memory, and the hash alone is no
 * proof (it gave one value to 264 pairs of different keys among 3,000,000).
 */

/** Rows that share the values of some columns with another row. */
export async function measureUnique(
  table: Table,
  names: string[],
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  const found = await countRepeats(table, keyColumns(table.columns(), names), run);
  return {
    looked: table.rowCount(),
    violations: found.rows,
    detail: { keys: found.groups },
    examples: await show(table, found.places, [...names, ...(context.key ?? [])], run),
  };
}

/** Rows beyond the first that are equal in every column. */
export async function measureDuplicates(
  table: Table,
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  const found = await countRepeats(table, table.columns(), run);
  return {
    looked: table.rowCount(),
    violations: found.rows - found.groups,
    examples: await show(table, found.places, context.key ?? [], run),
  };
}

/** Rows of the hold-out whose key, or whose columns but for the key, stand in training as well. */
export async function measureLeakage(
  table: Table,
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  await table.assign(run);
  const columns = table.columns();
  const rest = columns.filter((c) => !context.key?.includes(c.name));
  // Rows of one key have one hash, so a split by hash keeps them together.
  const keyed = context.key !== undefined && table.splitBy !== 'hash';
  await table.engine.run(
    `CREATE OR REPLACE TABLE crossing AS
       ${keyed ? crossing(table, keyColumns(columns, context.key), 'key') : `SELECT 0 AS place, 'key' AS how WHERE false`}
       UNION ALL ${crossing(table, rest, 'row')}`,
    run,
  );
  const { looked, keys, same, n } = await table.engine.row(
    `SELECT (SELECT count(*) FROM ${ASSIGNED} WHERE ${IS_TEST}) AS looked,
       count(*) FILTER (how = 'key') AS keys, count(*) FILTER (how = 'row') AS same, count(DISTINCT place) AS n FROM crossing`,
    run,
  );
  const places = await table.engine.run('SELECT DISTINCT place FROM crossing ORDER BY place LIMIT 5');
  await table.engine.run('DROP TABLE crossing');
  return {
    looked: Number(looked),
    violations: Number(n),
    value: Number(looked) === 0 ? 0 : Number(n) / Number(looked),
    detail: { sharedKeys: Number(keys), sameRows: Number(same) },
    examples: await show(
      table,
      places.map((row) => Number(row.place)),
      context.key ?? [],
      run,
    ),
  };
}

/** How many rows share their values with another, in how many groups, and where the first such groups stand. */
async function countRepeats(
  table: Table,
  columns: readonly Column[],
  run: RunOptions,
): Promise<{ rows: number; groups: number; places: number[] }> {
  if (columns.length === 0) return { rows: 0, groups: 0, places: [] };
  const groups = await table.engine.run(
    `WITH repeated AS (
       SELECT count(*) AS n, min(${PLACE}) AS first, max(${PLACE}) AS last
       FROM ${numberedRows(table.path)} WHERE ${isCandidate(table, columns)} GROUP BY ${names(columns)} HAVING count(*) > 1)
     SELECT n, first, last, sum(n) OVER () AS rows, count(*) OVER () AS groups FROM repeated ORDER BY first LIMIT 2`,
    run,
  );
  return {
    rows: Number(groups[0]?.rows ?? 0),
    groups: Number(groups[0]?.groups ?? 0),
    places: groups.flatMap((row) => [Number(row.first), Number(row.last)]),
  };
}

/** SQL of the hold-out's rows that have an equal in training. */
function crossing(table: Table, columns: readonly Column[], how: string): string {
  const group = `OVER (PARTITION BY ${names(columns)})`;
  return `SELECT place, '${how}' AS how FROM (
    SELECT ${PLACE} AS place, ${IS_TEST} AS test, bool_and(${IS_TEST}) ${group} AS alone
    FROM ${numberedRows(table.path)} POSITIONAL JOIN ${ASSIGNED}
    WHERE ${isCandidate(table, columns)}) WHERE test AND NOT alone`;
}

function isCandidate(table: Table, columns: readonly Column[]): string {
  const hash = `hash(${names(columns)})`;
  return `${hash} IN (SELECT ${hash} FROM read_parquet(${table.path}) GROUP BY 1 HAVING count(*) > 1)`;
}

function names(columns: readonly Column[]): string {
  return columns.map((c) => quoteName(c.name)).join(', ');
}

/** Each row beside its like. */
async function show(
  table: Table,
  places: number[],
  first: string[],
  run: RunOptions,
): Promise<Record<string, string>[]> {
  if (places.length === 0) return [];
  return examplesOf(table, `${PLACE} IN (${places.join(', ')})`, first, run);
}
