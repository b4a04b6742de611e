import { PerennialError } from '../config/errors.ts';
import type { Measurement } from '../decisions/checks.ts';
import type { RunOptions } from './engine.ts';
import { sentence } from './failure.ts';
import { refuseUnsafe } from './guard.ts';
import type { Table } from './table.ts';

/** Name of the snapshot in a check's SQL. */
export const SNAPSHOT = 'dataset';

/**
 * The value of an aggregate such as `avg(distance)`, or of a subquery over `dataset`.
 *
 * @throws PerennialError SQL_REFUSED
 */
export async function measureExpression(
  table: Table,
  sql: string,
  field: string,
  run: RunOptions,
): Promise<Measurement> {
  const query = expressionQuery(sql);
  await refuseUnsafe(table.engine, query, [SNAPSHOT], field);
  let rows: Record<string, unknown>[];
  try {
    await table.engine.run(`CREATE OR REPLACE VIEW ${SNAPSHOT} AS SELECT * FROM read_parquet(${table.path})`);
    rows = await table.engine.run(`SELECT CAST(value AS DOUBLE) AS value FROM (${query}) LIMIT 2`, run);
  } catch (error) {
    if (error instanceof PerennialError) throw error;
    throw new PerennialError('SQL_REFUSED', `${field}: ${sentence(error)}`, {
      field,
      value: sql,
      expected: 'an aggregate over the columns',
      cause: error,
    });
  }
  if (rows.length !== 1) {
    throw new PerennialError('SQL_REFUSED', `${field} gives a value for each row.`, {
      field,
      value: sql,
      expected: 'an aggregate such as avg(distance)',
    });
  }
  const value = rows[0]?.value;
  return { looked: table.rowCount(), ...(typeof value === 'number' ? { value } : {}), examples: [] };
}

/** One SELECT; the expression may end in a comment. */
export function expressionQuery(sql: string): string {
  return `SELECT (${sql}\n) AS value FROM ${SNAPSHOT}`;
}
