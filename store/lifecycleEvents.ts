import type pg from 'pg';
import type { DelayedEventRow, LifecycleEventRow, LifecycleStore } from './lifecycleTypes.ts';
import { iso, storable } from './rows.ts';

/** Events wait here until an orchestrator has told their lifecycle, so a gateway needs to know nothing of Temporal. */
export function lifecycleEventTable(
  pool: pg.Pool,
): Pick<LifecycleStore, 'putEvent' | 'untoldEvents' | 'markTold' | 'delayEvent' | 'delayedEvents'> {
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
        `SELECT name, id, reason, actor, at FROM lifecycle_events
         WHERE told_at IS NULL AND (next_at IS NULL OR next_at <= clock_timestamp())
         ORDER BY at, name, id LIMIT $1`,
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

    async delayEvent(name, id, failure) {
      const { rows } = await pool.query<StoredDelay>(
        `UPDATE lifecycle_events
         SET attempts = attempts + 1, failure = $3,
             next_at = clock_timestamp() + least(interval '15 minutes', interval '2 s' * 2 ^ least(attempts, 10))
         WHERE name = $1 AND id = $2 AND told_at IS NULL
         RETURNING ${DELAYED}`,
        [name, storable(id), storable(failure)],
      );
      return rows.map(toDelayed).at(0);
    },

    async delayedEvents(limit = 100) {
      const { rows } = await pool.query<StoredDelay>(
        `SELECT ${DELAYED} FROM lifecycle_events WHERE told_at IS NULL AND attempts > 0 ORDER BY at, name, id LIMIT $1`,
        [limit],
      );
      return rows.map(toDelayed);
    },
  };
}

const DELAYED = `name, id, reason, actor, at, attempts, failure, next_at AS "nextAt"`;

type StoredDelay = Omit<DelayedEventRow, 'at' | 'nextAt'> & { at: Date; nextAt: Date };

function toDelayed({ at, nextAt, ...row }: StoredDelay): DelayedEventRow {
  return { ...row, at: iso(at), nextAt: iso(nextAt) };
}
