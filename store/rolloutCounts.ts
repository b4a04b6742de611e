import type pg from 'pg';
import type { ArmCounts, CanaryCounts, PairCounts } from '../decisions/canary/counts.ts';
import { longQuery } from './longQuery.ts';
import { freezeSlowness } from './rolloutSlowness.ts';
import type { RolloutRow, RolloutStore } from './rolloutTypes.ts';
import { daysOf } from './rolloutRows.ts';
import { iso } from './rows.ts';

export function rolloutCounts(pool: pg.Pool): RolloutStore['counts'] {
  return async (name, number, stages) => {
    const rollout = await freezeSlowness(pool, name, number);
    const { accuracy } = rollout.policy.guards;
    const [counted] = await longQuery<Counted>(pool, COUNT, [
      name,
      number,
      rollout.id,
      stages.map(({ stage }) => stage),
      stages.map(({ startedAt }) => startedAt),
      rollout.championVersion,
      rollout.challengerVersion,
      rollout.slowAboveUs ?? null,
      rollout.startedAt,
      accuracy ? accuracy.labelHorizonMs : null,
      daysOf(rollout),
    ]);
    return toCounts(counted, rollout, stages);
  };
}

/**
 * The counts of a rollout, all of one snapshot.
 *
 * `seen` is one row a prediction and key; a place is an arm in a stage, in the order in which keys come to them. Under
 * sticky routing a few heavy users would else be most of the evidence, and evidence multiplies over stages: so of each key
 * only its first meeting with the rollout counts, its first error and its first slow answer, each in the place where it
 * was. Whoever comes again in a later stage is neither a bad key nor a good one of it: those who always fail have been
 * counted, and those who are left would dilute the rate. A key that was good first and fails later is bad beyond the keys
 * of its stage; with the good one that it was it makes a bad one.
 *
 * Keys of one request fail together, so a bad record is one bad key: that of the request's first row, and the others
 * are neither bad nor good. Where the arms share a request, the part without that row is not counted as bad: there are
 * as many parts of either arm whatever the weight, and only the first row is the challenger's with just that
 * probability. So it is with slow ones, whose latency is their own: if only whole requests could be slow, of n keys a
 * request (1 - w)^n would be the champion's and w^n the challenger's.
 *
 * Arms are told by version, so that after the promotion the new champion still counts as the challenger. What was
 * predicted before a stage began was predicted by the champion alone, while gateways loaded the challenger. Labels that
 * came before the rollout began are the truth about earlier predictions; keys due and labelled are counted in every
 * stage, because each stage is compared for itself there: `due` and `labelled` are sets of places, a bit each.
 *
 * 350,000 predictions of as many keys, Postgres 18 on one of two cores: 1.2 s of processor time; grouped by key and place,
 * then sorted by key, 1.6 s. With some 1,000,000 predictions there is no gain in: count(DISTINCT key); grouping by a hash of
 * the key; a second branch without unnest for single keys; 64 or 128 MB of work_mem in place of 4 MB; requests and keys
 * in one pass of grouping sets.
 */
const COUNT = `
  WITH stages AS (
    SELECT * FROM unnest($4::integer[], $5::timestamptz[]) AS stages (stage, began)
  ), records AS NOT MATERIALIZED (
    SELECT 2 * stage + (version = $7)::integer AS place, request_id, keys, row_indexes, status <> 0 AS error,
           coalesce(latency_us > $8, false) AS slow, at
    FROM predictions JOIN stages USING (stage)
    WHERE rollout_id = $3 AND arm <> 'direct' AND version IN ($6, $7) AND at >= $11 AND at >= began
  ), seen AS (
    SELECT place, unnest(coalesce(keys, ARRAY[request_id])) AS key,
           -- Whether the request's first row is in this record; NULL beside the second key and all that follow.
           unnest(ARRAY[coalesce(row_indexes[1], 0) = 0]) AS leads, error, slow,
           at <= statement_timestamp() - $10 * interval '1 millisecond' AS due, false AS labelled
    FROM records
    UNION ALL
    SELECT 2 * stage + (version = $7)::integer, rows.key, NULL, NULL, NULL, NULL, true
    FROM prediction_rows AS rows JOIN stages USING (stage)
      JOIN labels ON labels.name = $1 AND labels.request_id = rows.request_id AND labels.row_index = rows.row_index
    WHERE $10::float8 IS NOT NULL AND labels.request_id IS NOT NULL AND received_at >= $9
      AND rollout_id = $3 AND arm <> 'direct' AND version IN ($6, $7) AND at >= $11 AND at >= began
  ), firsts AS (
    SELECT key, min(place) FILTER (WHERE leads OR NOT (error OR slow)) AS met,
           min(place) FILTER (WHERE leads AND error) AS error, min(place) FILTER (WHERE leads AND slow) AS slow,
           bit_or(1::bigint << place) FILTER (WHERE due) AS due,
           bit_or(1::bigint << place) FILTER (WHERE labelled) AS labelled
    FROM seen GROUP BY key
  ), labelled_keys AS (
    SELECT DISTINCT key, -1::bigint AS everywhere FROM labels
    WHERE $10::float8 IS NOT NULL AND name = $1 AND key IS NOT NULL AND received_at >= $9
  ), alike AS (
    SELECT met, error, slow, due, due & coalesce(everywhere, labelled) AS labelled, count(*) AS keys
    FROM firsts LEFT JOIN labelled_keys USING (key)
    GROUP BY 1, 2, 3, 4, 5
  ), places AS (
    SELECT place, count(*) AS requests FROM records GROUP BY place
  ), arms AS (
    SELECT place / 2 AS stage, place % 2 = 1 AS challenger, requests,
           coalesce(sum(keys) FILTER (WHERE met = place), 0) AS keys,
           coalesce(sum(keys) FILTER (WHERE error = place), 0) AS "errorKeys",
           coalesce(sum(keys) FILTER (WHERE slow = place), 0) AS "slowKeys",
           coalesce(sum(keys) FILTER (WHERE due >> place & 1 = 1), 0) AS "dueKeys",
           coalesce(sum(keys) FILTER (WHERE labelled >> place & 1 = 1), 0) AS "labelledKeys"
    FROM places CROSS JOIN alike GROUP BY place, requests
  ), pairs AS (
    SELECT DISTINCT ON (key) champion_loss, challenger_loss, challenger_loss - champion_loss AS difference
    FROM rollout_pairs
    WHERE name = $1 AND number = $2 AND $10::float8 IS NOT NULL
    ORDER BY key, revision DESC
  )
  SELECT statement_timestamp() AS at,
         coalesce((SELECT json_agg(arms) FROM arms), '[]') AS arms,
         (SELECT json_build_object('pairs', count(*), 'mean', coalesce(avg(difference), 0),
                                   'variance', coalesce(var_pop(difference), 0),
                                   'championLoss', coalesce(avg(champion_loss), 0),
                                   'challengerLoss', coalesce(avg(challenger_loss), 0))
          FROM pairs) AS pairs,
         (SELECT coalesce(sum(dropped - coalesce((dropped_before ->> gateways.id)::bigint, 0)), 0)::bigint
          FROM gateways, rollouts WHERE rollouts.name = $1 AND number = $2) AS dropped`;

interface Counted {
  at: Date;
  arms: ({ stage: number; challenger: boolean } & ArmCounts)[];
  pairs: PairCounts;
  dropped: number;
}

function toCounts(
  { at, arms, pairs, dropped }: Counted,
  { slowAboveUs, policy }: RolloutRow,
  stages: Parameters<RolloutStore['counts']>[2],
): Omit<CanaryCounts, 'custom'> {
  const since = (began: string | undefined) =>
    began === undefined ? 0 : Math.max(0, +at - Date.parse(began));
  return {
    at: iso(at),
    stageMs: since(stages.at(-1)?.startedAt),
    elapsedMs: since(stages.at(0)?.startedAt),
    stages: stages.map(({ stage, weight }) => ({
      stage,
      weight,
      champion: armOf(arms, stage, false),
      challenger: armOf(arms, stage, true),
    })),
    ...(policy.guards.accuracy ? { pairs } : {}),
    ...(slowAboveUs === undefined ? {} : { slowAboveUs }),
    dropped,
  };
}

function armOf(arms: Counted['arms'], stage: number, challenger: boolean): ArmCounts {
  const found = arms.find((arm) => arm.stage === stage && arm.challenger === challenger);
  const { requests = 0, keys = 0, errorKeys = 0, slowKeys = 0, dueKeys = 0, labelledKeys = 0 } = found ?? {};
  return { requests, keys, errorKeys, slowKeys, dueKeys, labelledKeys };
}
