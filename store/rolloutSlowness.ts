import type pg from 'pg';
import { longQuery } from './longQuery.ts';
import { daysOf, requireRollout } from './rolloutRows.ts';
import type { RolloutRow } from './rolloutTypes.ts';

/** Answers from which a p99 is told: ten of them are slower. */
const ENOUGH_ANSWERS = 1_000;

/**
 * The rollout, with what "slow" means in it: said once, when the champion has answered often enough, and never again.
 *
 * @throws PerennialError NOT_FOUND
 */
export async function freezeSlowness(pool: pg.Pool, name: string, number: number): Promise<RolloutRow> {
  const rollout = await requireRollout(pool, name, number);
  if (rollout.slowAboveUs !== undefined) return rollout;
  const { id, championVersion, startedAt } = rollout;
  const values = [name, number, id, championVersion, startedAt, ENOUGH_ANSWERS, daysOf(rollout)];
  await longQuery(pool, FREEZE, values);
  return requireRollout(pool, name, number);
}

/**
 * Of two that freeze at the same time the second waits for the first's row and finds it frozen. A part of a request that
 * both versions answered is left out: it has fewer rows than the request.
 */
const FREEZE = `
  WITH before AS (
    SELECT count(*) AS answers, percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_us) AS p99
    FROM predictions
    WHERE name = $1 AND at >= $7 AND at >= $5::timestamptz - interval '1 hour' AND at < $5
      AND version = $4 AND arm <> 'direct' AND status = 0 AND row_indexes IS NULL
  ), during AS (
    SELECT count(*) AS answers, percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_us) AS p99
    FROM predictions
    WHERE rollout_id = $3 AND at >= $7 AND version = $4 AND arm <> 'direct' AND status = 0 AND row_indexes IS NULL
  )
  UPDATE rollouts SET slow_above_us = CASE WHEN before.answers >= $6 THEN before.p99 ELSE during.p99 END
  FROM before, during
  WHERE name = $1 AND number = $2 AND status = 'running' AND slow_above_us IS NULL
    AND greatest(before.answers, during.answers) >= $6`;
