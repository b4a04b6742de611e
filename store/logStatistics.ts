import type pg from 'pg';
import { transaction } from './transaction.ts';

/**
 * Has the planner know how much the log holds now. Autovacuum looks once a minute: before it does, the first look at a
 * rollout, or anything that reads midnight's new partition, would be planned for a few rows. A rollout's counts of 50,000
 * predictions and 5,000 labels then took 20 s, with statistics 0.2 s.
 *
 * Does nothing where the statistics will do, or where somebody else is at them.
 */
export async function freshenLogStatistics(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ stale: string | null }>(STALE);
  const { stale } = rows[0];
  if (stale === null) return;
  await transaction(pool, async (client) => {
    await client.query(`SET LOCAL statement_timeout TO '5min'`);
    await client.query(`ANALYZE (SKIP_LOCKED) ${stale}`);
  });
}

/** Quoted names. By a share of the table, so that one of a million rows has been analysed some 30 times, 0.3 s each. */
const STALE = `
  SELECT string_agg(format('%I.%I', schemaname, relname), ', ') AS stale
  FROM pg_stat_user_tables
  WHERE schemaname = current_schema()
    AND (relname IN ('labels', 'rollout_pairs')
      OR relid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'predictions'::regclass))
    AND n_mod_since_analyze > 500 AND n_mod_since_analyze > 0.3 * n_live_tup`;
