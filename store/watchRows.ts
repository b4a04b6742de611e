import type pg from 'pg';
import type { WatchedRow, WatchStore } from './lifecycleTypes.ts';
import { decodeInputs } from './loggedInputs.ts';
import { readLog } from './logCursor.ts';
import { longQuery } from './longQuery.ts';
import { iso, present } from './rows.ts';

type What = Parameters<WatchStore['rows']>[0];

/** What asked a version in a window and was answered: one row a row of a request. */
const ANSWERED = `
  FROM prediction_rows
  WHERE name = $1 AND version = $2 AND at >= $3 AND at < $4 AND arm <> 'direct' AND status = 0`;

/** A key; or one row of a request that had none. */
const SUBJECT = `CASE WHEN key = request_id THEN format('%s/%s', request_id, row_index) ELSE key END`;

export async function countKeys(
  pool: pg.Pool,
  { name, version, from, to }: Pick<What, 'name' | 'version' | 'from' | 'to'>,
): Promise<number> {
  const [{ keys }] = await longQuery<{ keys: number }>(
    pool,
    `SELECT count(*) AS keys FROM (SELECT DISTINCT (${SUBJECT}) COLLATE "C" ${ANSWERED}) AS subjects`,
    [name, version, from, to],
  );
  return keys;
}

/**
 * First the keys of the window are sorted, without what they said, and those with the lowest hashes chosen; then inputs and
 * outputs are read record by record.
 */
export async function* watchedRows(
  pool: pg.Pool,
  { name, version, from, to, labelsUntil, limit, labelled = false }: What,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<WatchedRow[]> {
  const values = [name, version, from, to, labelsUntil, limit, labelled];
  for await (const records of readLog<StoredRecord>(pool, ROWS, values, signal))
    yield records.flatMap(toRows);
}

/**
 * One sort by hash and key finds each key's first row and the order in which keys are chosen. A label costs two probes of
 * an index, of the key and of the row, for as many rows as are chosen (where all are asked for, LIMIT is reached before).
 * The last revision that was observed by then is what was known then, also where a later one corrected it since; a label
 * of the key goes before one of the request, as in rolloutPairs.ts.
 *
 * 500,000 answers of 400,000 keys with 20 inputs: 20,000 rows in 1.4 s, the first after 0.7.
 *
 * OFFSET 0 keeps the lookup of what a record said behind the sort, which so holds none of it. The lookup names the
 * window too: else it would lock every day of the log, and Postgres has locks for some thousands of tables and indexes.
 */
const ROWS = `
  WITH firsts AS (
    SELECT DISTINCT ON (hash, subject) hash, subject, key, at, request_id, row_index, position, arm
    FROM (
      SELECT subject, hashtextextended(subject, 0) AS hash, key, at, request_id, row_index, position, arm
      FROM (SELECT (${SUBJECT}) COLLATE "C" AS subject, key, at, request_id, row_index, position, arm ${ANSWERED}) AS seen
    ) AS hashed
    ORDER BY hash, subject, at, request_id COLLATE "C", position, arm COLLATE "C"
  ), chosen AS (
    SELECT hash, subject, at, request_id, position, arm, coalesce(of_key.value, of_row.value) AS label
    FROM firsts
      LEFT JOIN LATERAL (
        SELECT value::text FROM labels
        WHERE labels.name = $1 AND labels.key = firsts.key AND observed_at <= $5
        ORDER BY revision DESC LIMIT 1
      ) AS of_key ON true
      LEFT JOIN LATERAL (
        SELECT value::text FROM labels
        WHERE labels.name = $1 AND labels.request_id = firsts.request_id AND labels.row_index = firsts.row_index
          AND observed_at <= $5
        ORDER BY revision DESC LIMIT 1
      ) AS of_row ON true
    WHERE NOT $7::boolean OR of_key.value IS NOT NULL OR of_row.value IS NOT NULL
    ORDER BY hash, subject LIMIT $6
  ), placed AS (
    SELECT *, row_number() OVER (ORDER BY hash, subject) AS place FROM chosen
  ), records AS (
    SELECT at, request_id, arm,
           array_agg(place::integer ORDER BY position) AS places,
           array_agg(position ORDER BY position) AS positions,
           array_agg(subject ORDER BY position) AS subjects,
           array_agg(label ORDER BY position) AS labels
    FROM placed GROUP BY at, request_id, arm
    ORDER BY at, request_id COLLATE "C", arm COLLATE "C"
    OFFSET 0
  )
  SELECT records.at, places, positions, subjects, labels, said.rows, outputs, inputs
  FROM records
    LEFT JOIN LATERAL (
      SELECT rows, outputs, inputs
      FROM predictions
      WHERE predictions.at = records.at AND predictions.at >= $3 AND predictions.at < $4
        AND predictions.request_id = records.request_id AND name = $1 AND version = $2 AND predictions.arm = records.arm AND status = 0
      LIMIT 1
    ) AS said ON true`;

interface StoredRecord {
  at: Date;
  /** Parallel: the place of the row's key, the row's own in the record, its key, its label as JSON. */
  places: number[];
  positions: number[];
  subjects: string[];
  labels: (string | null)[];
  /** Of the record. */
  rows: number;
  outputs: number[] | null;
  inputs: Buffer | null;
}

function toRows({
  at,
  places,
  positions,
  subjects,
  labels,
  rows,
  outputs,
  inputs,
}: StoredRecord): WatchedRow[] {
  const columns = inputs === null ? undefined : Object.entries(decodeInputs(inputs));
  const width = outputs && Math.floor(outputs.length / rows);
  // Postgres writes a float32 as briefly as it can; the number that the model gave is the nearest of that kind.
  const answer = (i: number) =>
    outputs && width && outputs.slice(i * width, (i + 1) * width).map(Math.fround);
  return positions.map((position, i) => {
    const label = labels[i];
    return present<WatchedRow>({
      key: subjects[i],
      place: places[i],
      at: iso(at),
      inputs: columns
        ? Object.fromEntries(columns.map(([column, values]) => [column, values[position]]))
        : null,
      outputs: answer(position) || null,
      label: label === null ? null : (JSON.parse(label) as WatchedRow['label'] & {}),
    });
  });
}
