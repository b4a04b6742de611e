import type pg from 'pg';
import type { LifecycleEventRow, LifecycleStore } from './lifecycleTypes.ts';
import { iso, storable } from './rows.ts';

/** Events wait here until an orchestrator has told their lifecycle, so a gateway needs to know nothing of Temporal. */
export function lifecycleEventTable(
  pool: pg.Pool,
): Pick<LifecycleStore, 'putEvent' | 'untoldEvents' | 'markTold'> {
  return {
    async putEvent({ name, id, reason, actor }) {
      const { rowCount } = await pool.query(
        `INSERT INTO lifecycle_events (name, id, reason, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
        [name, storable(id), storable(reason), storable(actor)],
      );
      return { existing: rowCount === 0 };
    },

    async untoldEvents(limit) {
      const { rows } = await pool.query<Omit<LifecycleEventRow, 'at'> & { at: Date }>(
        `SELECT name, id, reason, actor, at FROM lifecycle_events WHERE told_at IS NULL ORDER BY at, name, id LIMIT $1`,
        [limit],
      );
      return rows.map((row) => ({ ...row, at: iso(row.at) }));
    },

    async markTold(name, id) {
      await pool.query(
        `UPDATE lifecycle_events SET told_at = clock_timestamp() WHERE name = $1 AND id = $2 AND told_at IS NULL`,
        [name, storable(id)],
      );
    },
  };
}
