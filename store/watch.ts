import type pg from 'pg';
import type { WatchStore } from './lifecycleTypes.ts';
import { countKeys, watchedRows } from './watchRows.ts';
import { windowTable } from './watchWindows.ts';
import { iso } from './rows.ts';

export function watchTables(pool: pg.Pool): WatchStore {
  return {
    async now() {
      const { rows } = await pool.query<{ now: Date }>(`SELECT clock_timestamp() AS now`);
      return iso(rows[0].now);
    },

    async reference(name, version) {
      const { rows } = await pool.query<{ digest: string }>(
        `SELECT digest FROM version_references WHERE name = $1 AND version = $2::bigint`,
        [name, version],
      );
      return rows.at(0)?.digest;
    },

    async recordReference(name, version, digest) {
      await pool.query(
        `INSERT INTO version_references (name, version, digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [name, version, digest],
      );
    },

    ...windowTable(pool),
    countKeys: (name, version, from, to) => countKeys(pool, { name, version, from, to }),
    rows: (what, options) => watchedRows(pool, what, options),
  };
}
