import type pg from 'pg';
import type { ColumnFacts } from '../decisions/watch/facts.ts';
import type { WatchStore, WindowRow } from './lifecycleTypes.ts';
import { iso, present } from './rows.ts';
import { transaction } from './transaction.ts';

/**
 * A lifecycle that lives for 10,000 windows keeps at most 1,001 rows: the newest 500 (three weeks of hours), of older ones
 * the last 500 that were not clean, and the last sound one, clean or shifted, whose distributions are the only ones kept.
 * forget_windows() in 0005_lifecycles.sql deletes the others with their pictures, with the owner's rights, as the role of
 * workers has none to delete.
 */
export function windowTable(
  pool: pg.Pool,
): Pick<WatchStore, 'recordWindow' | 'window' | 'windows' | 'keepColumns' | 'usualRows'> {
  return {
    recordWindow: (row) => transaction(pool, (client) => recordWindow(client, row)),

    async window(name, number) {
      const { rows } = await pool.query<StoredWindow & { columns: ColumnFacts[] | null }>(
        `SELECT ${COLUMNS}, (SELECT columns FROM watch_reports
                             WHERE watch_reports.name = watch_windows.name AND watch_reports.number = watch_windows.number)
         FROM watch_windows WHERE name = $1 AND number = $2::bigint`,
        [name, number],
      );
      if (rows.length === 0) return undefined;
      const [{ columns, ...row }] = rows;
      return toWindow(columns ? { ...row, facts: { ...row.facts, columns } } : row);
    },

    async windows(name, limit = 50) {
      const { rows } = await pool.query<StoredWindow>(
        `SELECT ${COLUMNS} FROM watch_windows WHERE name = $1 ORDER BY number DESC LIMIT $2`,
        [name, limit],
      );
      return rows.map(toWindow);
    },

    async keepColumns(name, number, columns) {
      await pool.query(
        `INSERT INTO watch_reports (name, number, columns) VALUES ($1, $2, $3)
         ON CONFLICT (name, number) DO UPDATE SET columns = excluded.columns`,
        [name, number, JSON.stringify(columns)],
      );
    },

    async usualRows(name, number, lengthMs) {
      const { rows } = await pool.query<{ rate: number | null }>(
        `SELECT sum(rows)::float8 / sum(extract(epoch FROM "to" - "from"))::float8 AS rate
         FROM (SELECT rows, "from", "to" FROM watch_windows
               WHERE name = $1 AND number < $2 AND state IN ('clean', 'shifted') ORDER BY number DESC LIMIT 10) AS healthy`,
        [name, number],
      );
      const { rate } = rows[0];
      return rate === null ? undefined : (rate * lengthMs) / 1000;
    },
  };
}

async function recordWindow(client: pg.PoolClient, row: WindowRow): Promise<void> {
  const { name, number, version, from, to, facts, verdict, signal, pictureDigest, distributionDigest } = row;
  // Two that forget the older windows of one lifecycle at the same time would wait for each other.
  await client.query(`SELECT FROM lifecycles WHERE name = $1 FOR NO KEY UPDATE`, [name]);
  await client.query(
    `INSERT INTO watch_windows (name, number, version, "from", "to", rows, state, facts, verdict, signal, picture_digest,
                                distribution_digest)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (name, number) DO NOTHING`,
    [
      name,
      number,
      version,
      from,
      to,
      facts.rows,
      verdict.state,
      JSON.stringify(facts),
      JSON.stringify(verdict),
      JSON.stringify(signal),
      pictureDigest ?? null,
      // As in workflows/watch.ts: shifted ones too are what the next window is held against.
      verdict.state === 'clean' || verdict.state === 'shifted' ? (distributionDigest ?? null) : null,
    ],
  );
  // What this row, or the first one of this number, does not refer to is not left behind.
  await client.query(`SELECT forget_windows($1, $2)`, [
    name,
    [pictureDigest, distributionDigest].filter((digest) => digest !== undefined),
  ]);
}

const COLUMNS = `
  name, number, version, "from", "to", facts, verdict, signal, picture_digest AS "pictureDigest",
  distribution_digest AS "distributionDigest"`;

type StoredWindow = {
  [K in keyof Omit<WindowRow, 'from' | 'to'>]-?: WindowRow[K];
} & { from: Date; to: Date };

function toWindow(row: StoredWindow): WindowRow {
  return present<WindowRow>({ ...row, from: iso(row.from), to: iso(row.to) });
}
