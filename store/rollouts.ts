import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { appendAudit } from './audit.ts';
import { openRollout } from './rolloutOpening.ts';
import { rolloutCounts } from './rolloutCounts.ts';
import { lookTable } from './rolloutLooks.ts';
import { pairTable } from './rolloutPairs.ts';
import { findRollout, requireRollout, rolloutSubject, selectRollouts } from './rolloutRows.ts';
import type { RolloutStore } from './rolloutTypes.ts';
import { storable } from './rows.ts';
import { transaction } from './transaction.ts';

export function rolloutTable(pool: pg.Pool): RolloutStore {
  return {
    async nextNumber(name) {
      const { rows } = await pool.query<{ number: number }>(
        `UPDATE lifecycles SET last_rollout = last_rollout + 1 WHERE name = $1 RETURNING last_rollout AS number`,
        [name],
      );
      const row = rows.at(0);
      if (row) return row.number;
      throw new PerennialError('NOT_FOUND', `There is no model ${name}.`, { field: 'name', value: name });
    },

    open: (rollout) => transaction(pool, (client) => openRollout(client, rollout)),

    async markPromoted(name, number) {
      await pool.query(
        `UPDATE rollouts SET promoted_at = clock_timestamp()
         WHERE name = $1 AND number = $2 AND promoted_at IS NULL AND status = 'running'`,
        [name, number],
      );
    },

    close: (name, number, end) =>
      transaction(pool, async (client) => {
        const reason = storable(end.reason);
        const { rowCount } = await client.query(
          `UPDATE rollouts SET status = $3, reason = $4, ended_at = clock_timestamp()
           WHERE name = $1 AND number = $2 AND status = 'running'`,
          [name, number, end.status, reason],
        );
        if (rowCount === 0) return void (await requireRollout(client, name, number));
        const subject = rolloutSubject(name, number);
        const details = { status: end.status, reason };
        await appendAudit(client, [
          { actor: end.actor ?? subject, action: 'rollout.close', subject, details },
        ]);
      }),

    get: (name, number) => findRollout(pool, name, number),

    async running(name) {
      return (await selectRollouts(pool, `WHERE name = $1 AND status = 'running'`, [name])).at(0);
    },

    list: (name, limit = 100) =>
      selectRollouts(
        pool,
        `WHERE $1::text IS NULL OR name = $1 ORDER BY started_at DESC, number DESC LIMIT $2`,
        [name ?? null, limit],
      ),

    counts: rolloutCounts(pool),
    ...pairTable(pool),
    ...lookTable(pool),
  };
}
