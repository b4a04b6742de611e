import type pg from 'pg';
import { freshenLogStatistics } from './logStatistics.ts';
import { transaction } from './transaction.ts';

/**
 * A statement over the log that may take five minutes: for the few models with tens of millions of predictions in one rollout, where
 * the pool's own limit would cancel every look.
 */
export async function longQuery<T extends pg.QueryResultRow>(
  pool: pg.Pool,
  text: string,
  values: unknown[],
): Promise<T[]> {
  await freshenLogStatistics(pool);
  return transaction(pool, async (client) => {
    // On one processor: the others are the gateways'.
    await client.query(
      `SET LOCAL statement_timeout TO '5min'; SET LOCAL max_parallel_workers_per_gather TO 0`,
    );
    return (await client.query<T>(text, values)).rows;
  });
}
