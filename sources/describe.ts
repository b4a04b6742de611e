import type { Column } from '../decisions/profile.ts';
import { toColumn } from './columns.ts';
import type { Engine } from './engine.ts';

/** The columns of a table, a view, or a table function's call. */
export async function describe(engine: Engine, relation: string): Promise<Column[]> {
  const rows = await engine.run(`DESCRIBE SELECT * FROM ${relation}`);
  return rows.map((row) => toColumn(String(row.column_name), String(row.column_type)));
}
