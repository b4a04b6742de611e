import type { RunOptions } from './engine.ts';
import { quoteName } from './quote.ts';
import { numberedRows, PLACE } from './split.ts';
import type { Table } from './table.ts';

const MAX_ROWS = 5;
const MAX_COLUMNS = 12;
const MAX_LENGTH = 100;

/** The first rows of the snapshot for which a condition holds, as text: the named columns first, others as room is left. */
export async function examplesOf(
  table: Table,
  condition: string,
  first: string[],
  run: RunOptions = {},
): Promise<Record<string, string>[]> {
  const names = [...new Set([...first, ...table.columns().map((c) => c.name)])].slice(0, MAX_COLUMNS);
  const cells = names.map(
    (name, i) => `coalesce(left(CAST(${quoteName(name)} AS VARCHAR), ${MAX_LENGTH}), 'NULL') AS c${i}`,
  );
  const rows = await table.engine.run(
    `SELECT ${cells.join(', ')} FROM ${numberedRows(table.path)}
     WHERE ${condition} ORDER BY ${PLACE} LIMIT ${MAX_ROWS}`,
    run,
  );
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, String(row[`c${i}`])])));
}
