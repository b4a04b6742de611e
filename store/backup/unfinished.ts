import pg from 'pg';
import type { Queryable } from '../pool.ts';
import type { RestoreSummary } from '../types.ts';

/** What was read of the file; what is under way changes while it is being ended. */
type Read = Omit<RestoreSummary, 'underWay' | 'resumed'>;

/** A restore whose data is in, and which somebody has to finish. */
export interface UnfinishedRestore {
  /** SHA-256 of the header of its file. */
  backup: string;
  summary: Read;
}

export const UNFINISHED_TABLE = 'unfinished_restores';

export async function findUnfinished(
  client: Queryable,
  schema: string,
): Promise<UnfinishedRestore | undefined> {
  const table = `${pg.escapeIdentifier(schema)}.${UNFINISHED_TABLE}`;
  // A schema of an older program, and one that is not there, have none.
  const { rows: there } = await client.query<{ there: boolean }>(
    `SELECT to_regclass($1) IS NOT NULL AS there`,
    [table],
  );
  if (!there[0].there) return undefined;
  return (await client.query<UnfinishedRestore>(`SELECT backup, summary FROM ${table}`)).rows.at(0);
}

/** In the transaction of the data. */
export async function markUnfinished(client: Queryable, backup: string, summary: Read): Promise<void> {
  await client.query(`INSERT INTO ${UNFINISHED_TABLE} (backup, summary) VALUES ($1, $2)`, [
    backup,
    JSON.stringify(summary),
  ]);
}

export async function markFinished(client: Queryable): Promise<void> {
  await client.query(`DELETE FROM ${UNFINISHED_TABLE}`);
}
