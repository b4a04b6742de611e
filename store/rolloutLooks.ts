import type pg from 'pg';
import { appendAudit } from './audit.ts';
import { requireRollout, rolloutSubject } from './rolloutRows.ts';
import type { LookRow, RolloutStore } from './rolloutTypes.ts';
import { transaction } from './transaction.ts';

export function lookTable(pool: pg.Pool): Pick<RolloutStore, 'recordLook' | 'looks' | 'note'> {
  return {
    async recordLook(name, number, { index, stage, counts, verdict }) {
      await pool.query(
        `INSERT INTO rollout_looks (name, number, index, stage, counts, verdict) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name, number, index) DO NOTHING`,
        [name, number, index, stage, JSON.stringify(counts), JSON.stringify(verdict)],
      );
    },

    async looks(name, number, { after = 0, limit = 1_000 } = {}) {
      const { rows } = await pool.query<LookRow>(
        `SELECT index, stage, counts, verdict FROM rollout_looks
         WHERE name = $1 AND number = $2::bigint AND index > $3 ORDER BY index LIMIT $4`,
        [name, number, after, limit],
      );
      return rows;
    },

    note: (name, number, { key, actor, action, details }) =>
      transaction(pool, async (client) => {
        await requireRollout(client, name, number);
        const { rowCount } = await client.query(
          `INSERT INTO rollout_notes (name, number, key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
          [name, number, key],
        );
        if (rowCount === 0) return;
        await appendAudit(client, [{ actor, action, subject: rolloutSubject(name, number), details }]);
      }),
  };
}
