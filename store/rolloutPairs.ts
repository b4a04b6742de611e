import type pg from 'pg';
import { decodeInputs, type LoggedColumns } from './loggedInputs.ts';
import { longQuery } from './longQuery.ts';
import { daysOf, requireRollout } from './rolloutRows.ts';
import type { RolloutStore, UnpairedRow } from './rolloutTypes.ts';

export function pairTable(pool: pg.Pool): Pick<RolloutStore, 'unpaired' | 'recordPairs'> {
  return {
    async unpaired(name, number, limit, after) {
      const rollout = await requireRollout(pool, name, number);
      const { accuracy } = rollout.policy.guards;
      const rows = await longQuery<Stored>(pool, UNPAIRED, [
        name,
        number,
        rollout.id,
        rollout.startedAt,
        rollout.challengerVersion,
        accuracy ? accuracy.labelHorizonMs : 0,
        limit,
        MAX_BYTES,
        after?.receivedAt ?? null,
        after?.key ?? null,
        daysOf(rollout),
      ]);
      return rows
        .flatMap((record) => {
          const inputs = decodeInputs(record.inputs);
          return record.places.map((place, i) => ({ place, row: toUnpaired(record, inputs, i) }));
        })
        .sort((a, b) => a.place - b.place)
        .map(({ row }) => row);
    },

    async recordPairs(name, number, pairs) {
      await pool.query(
        `INSERT INTO rollout_pairs (name, number, key, revision, champion_loss, challenger_loss)
         SELECT $1, $2, * FROM unnest($3::text[], $4::integer[], $5::float8[], $6::float8[])
         ON CONFLICT (name, number, key, revision) DO NOTHING`,
        [
          name,
          number,
          pairs.map(({ key }) => key),
          pairs.map(({ revision }) => revision),
          pairs.map(({ championLoss }) => championLoss),
          pairs.map(({ challengerLoss }) => challengerLoss),
        ],
      );
    },
  };
}

/** Inputs that are read at a time; a record of many rows may have megabytes. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * One row a record, with what is wanted of it, so that the inputs of many rows are sent and parsed once.
 *
 * A subject is a key; or one row of a request that had none. Of a key the first answered prediction stands for it: what
 * is asked again and again under one key is no more evidence. Labels that came before the rollout began are the truth
 * about earlier predictions. Labels of rows without a key that have their pair are left out by a probe of an index each
 * before their predictions are looked for: of 45,000 labels that took 0.1 s in place of 0.5, and written as NOT EXISTS it
 * may be planned as a join with all pairs. Where to go on is asked of the chosen labels alone: asked of all, a key of two
 * labels would come again with the second.
 */
const UNPAIRED = `
  WITH answered AS NOT MATERIALIZED (
    SELECT at, request_id, row_index, position, version, key
    FROM prediction_rows
    WHERE rollout_id = $3 AND at >= $11 AND arm <> 'direct' AND status = 0 AND inputs IS NOT NULL
      AND at <= statement_timestamp() - $6 * interval '1 millisecond'
  ), arrived AS NOT MATERIALIZED (
    SELECT request_id, row_index, key, value, revision, received_at
    FROM current_labels
    WHERE name = $1 AND received_at >= $4
  ), of_keys AS (
    SELECT * FROM arrived
    WHERE key IS NOT NULL AND NOT EXISTS (
      SELECT FROM rollout_pairs AS pairs
      WHERE pairs.name = $1 AND pairs.number = $2 AND pairs.key = arrived.key AND pairs.revision = arrived.revision)
  ), of_rows AS (
    SELECT * FROM arrived
    WHERE request_id IS NOT NULL AND (
      SELECT true FROM rollout_pairs AS pairs
      WHERE pairs.name = $1 AND pairs.number = $2 AND pairs.key = format('%s/%s', request_id, row_index)
        AND pairs.revision = arrived.revision) IS NULL
  ), labelled AS (
    SELECT key AS subject, 0 AS preference, answered.at, answered.request_id, position, version, value, revision,
           received_at
    FROM of_keys JOIN answered USING (key)
    UNION ALL
    SELECT CASE WHEN answered.key = request_id THEN format('%s/%s', request_id, row_index) ELSE answered.key END,
           1, answered.at, request_id, position, version, value, revision, received_at
    FROM of_rows JOIN answered USING (request_id, row_index)
  ), subjects AS (
    SELECT DISTINCT ON (subject) * FROM labelled ORDER BY subject, preference, at, request_id, position
  ), missing AS (
    SELECT row_number() OVER (ORDER BY received_at, subject) AS place, subjects.*
    FROM subjects
    WHERE ($9::timestamptz IS NULL OR (received_at, subject) > ($9, $10)) AND NOT EXISTS (
      SELECT FROM rollout_pairs AS pairs
      WHERE pairs.name = $1 AND pairs.number = $2 AND pairs.key = subject AND pairs.revision = subjects.revision)
    ORDER BY place LIMIT $7
  ), records AS (
    SELECT version = $5 AS challenger, min(place) AS first, array_agg(place) AS places,
           array_agg(position) AS positions, array_agg(subject) AS subjects, array_agg(value::text) AS labels,
           array_agg(revision) AS revisions, array_agg(received_at::text) AS received,
           (SELECT inputs FROM predictions
            WHERE predictions.at = missing.at AND predictions.at >= $11 AND predictions.request_id = missing.request_id
              AND predictions.version = missing.version AND rollout_id = $3 AND status = 0
            LIMIT 1) AS inputs
    FROM missing GROUP BY at, request_id, version
  )
  SELECT challenger, places, positions, subjects, labels, revisions, received, inputs
  FROM (SELECT *, sum(octet_length(inputs)) OVER (ORDER BY first) - octet_length(inputs) AS before FROM records) AS sized
  WHERE before < $8`;

interface Stored {
  challenger: boolean;
  /** Parallel: the order of the row, its position in the inputs' arrays, its key, its label as JSON, when that came. */
  places: number[];
  positions: number[];
  subjects: string[];
  labels: string[];
  revisions: number[];
  received: string[];
  inputs: Buffer;
}

function toUnpaired(record: Stored, inputs: LoggedColumns, i: number): UnpairedRow {
  const position = record.positions[i];
  return {
    key: record.subjects[i],
    arm: record.challenger ? 'challenger' : 'champion',
    inputs: Object.fromEntries(Object.entries(inputs).map(([column, values]) => [column, values[position]])),
    label: JSON.parse(record.labels[i]) as UnpairedRow['label'],
    revision: record.revisions[i],
    receivedAt: record.received[i],
  };
}
