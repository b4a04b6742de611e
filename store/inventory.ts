import pg from 'pg';
import { iso } from './rows.ts';
import type { OrphanRow, StoreStats } from './types.ts';

/** What the installation holds, for `perennial status`. Rows are counted, not estimated. */
export async function readStats(pool: pg.Pool): Promise<StoreStats> {
  const artifacts = await pool.query<StoreStats['artifacts'][number]>(
    `SELECT kind, count(*) AS count, sum(bytes)::bigint AS bytes FROM artifacts GROUP BY kind ORDER BY kind`,
  );
  // Sizes with indexes and TOAST.
  const sizes = await pool.query<{ name: string; bytes: number }>(
    `SELECT relname AS name, pg_total_relation_size(oid) AS bytes
     FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
     ORDER BY relname`,
  );
  const tables = sizes.rows.map(async ({ name, bytes }) => {
    const { rows } = await pool.query<{ rows: number }>(
      `SELECT count(*) AS rows FROM ${pg.escapeIdentifier(name)}`,
    );
    return { name, bytes, rows: rows[0].rows };
  });
  return { artifacts: artifacts.rows, tables: await Promise.all(tables) };
}

/** Artifacts that no row refers to: left by a step that was cancelled between putting bytes and recording them. */
export async function listOrphans(pool: pg.Pool): Promise<OrphanRow[]> {
  const { rows } = await pool.query<Omit<OrphanRow, 'createdAt'> & { createdAt: Date }>(
    `SELECT digest, bytes, media_type AS "mediaType", kind, created_at AS "createdAt"
     FROM artifacts
     WHERE NOT EXISTS (SELECT FROM artifact_references WHERE artifact_references.digest = artifacts.digest)
     ORDER BY created_at, digest`,
  );
  return rows.map((row) => ({ ...row, createdAt: iso(row.createdAt) }));
}
