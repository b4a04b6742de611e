import type pg from 'pg';
import { decodeInputs } from './loggedInputs.ts';
import { readLog } from './logCursor.ts';
import type { LabelledPrediction } from './predictionTypes.ts';

/** 500,000 labelled rows of 20 inputs: the first after 1.5 s, all of them in 10 s. */
export async function* labelledPredictions(
  pool: pg.Pool,
  { name, until }: { name: string; until: string },
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<LabelledPrediction[]> {
  for await (const records of readLog<StoredRecord>(pool, LABELLED, [name, until], signal))
    yield records.flatMap(toRows);
}

/**
 * One row a record, with what is wanted of it, so that the inputs of many rows are sent and parsed once; these are
 * looked up record by record as the cursor goes, after the sort, which so holds none of them (OFFSET 0 keeps it apart).
 *
 * Subjects are those of rolloutPairs.ts: a key, or one row of a request that had none; a label of the key goes before one
 * of the request. What is known at a moment is the last revision that was observed by then, also where a later one
 * corrected it since.
 */
const LABELLED = `
  WITH answered AS NOT MATERIALIZED (
    SELECT at, request_id, row_index, position, version, arm, key
    FROM prediction_rows
    WHERE name = $1 AND status = 0 AND inputs IS NOT NULL AND at <= $2
  ), told AS (
    SELECT DISTINCT ON (key, request_id, row_index) key, request_id, row_index, value
    FROM labels
    WHERE name = $1 AND observed_at <= $2
    ORDER BY key, request_id, row_index, revision DESC
  ), labelled AS (
    SELECT answered.key AS subject, 0 AS preference, at, answered.request_id, version, arm, position, value
    FROM told JOIN answered ON answered.key = told.key
    UNION ALL
    SELECT CASE WHEN answered.key = answered.request_id THEN format('%s/%s', answered.request_id, answered.row_index)
                ELSE answered.key END,
           1, at, answered.request_id, version, arm, position, value
    FROM told JOIN answered ON answered.request_id = told.request_id AND answered.row_index = told.row_index
  ), firsts AS (
    SELECT DISTINCT ON (subject) *
    FROM labelled ORDER BY subject, preference, at, request_id, version, arm, position
  ), records AS (
    SELECT at, request_id, version, arm,
           array_agg(position ORDER BY position) AS positions,
           array_agg(subject ORDER BY position) AS subjects,
           array_agg(value::text ORDER BY position) AS labels
    FROM firsts GROUP BY at, request_id, version, arm
    ORDER BY at, request_id COLLATE "C", version, arm COLLATE "C"
    OFFSET 0
  )
  SELECT at, positions, subjects, labels,
         (SELECT inputs FROM predictions
          WHERE predictions.at = records.at AND predictions.request_id = records.request_id AND name = $1
            AND predictions.version = records.version AND predictions.arm = records.arm
            AND status = 0 AND inputs IS NOT NULL
          LIMIT 1) AS inputs
  FROM records`;

interface StoredRecord {
  at: Date;
  /** Parallel: the row's place in the inputs' arrays, its key, its label as JSON. */
  positions: number[];
  subjects: string[];
  labels: string[];
  inputs: Buffer;
}

function toRows({ at, positions, subjects, labels, inputs }: StoredRecord): LabelledPrediction[] {
  const columns = Object.entries(decodeInputs(inputs));
  return positions.map((position, i) => ({
    key: subjects[i],
    at: at.getTime(),
    inputs: Object.fromEntries(columns.map(([column, values]) => [column, values[position]])),
    label: JSON.parse(labels[i]) as LabelledPrediction['label'],
  }));
}
