import type pg from 'pg';
import { decodeInputs } from './loggedInputs.ts';
import { storedId } from './ids.ts';
import type { PredictionFilter, PredictionRow } from './predictionTypes.ts';
import { iso, present } from './rows.ts';

/** Newest first. By request id or key it is a probe of an index in each day; a time bounds the days. */
export async function listPredictions(pool: pg.Pool, filter: PredictionFilter): Promise<PredictionRow[]> {
  const { name, requestId, key, from, to, limit = 100 } = filter;
  const values: unknown[] = [name, limit];
  const conditions = ['name = $1'];
  const bind = (value: unknown) => `$${values.push(value)}`;
  if (requestId !== undefined) conditions.push(`request_id = ${bind(storedId(requestId))}`);
  if (key !== undefined) conditions.push(ofKey(bind(storedId(key))));
  if (from !== undefined) conditions.push(`at >= ${bind(from)}`);
  if (to !== undefined) conditions.push(`at < ${bind(to)}`);
  const { rows } = await pool.query<StoredPrediction>(
    `SELECT at, request_id AS "requestId", name, version, arm, rollout_id AS "rolloutId", stage, rows,
            row_indexes AS "rowIndexes", keys, inputs, outputs, status, latency_us AS "latencyUs"
     FROM predictions WHERE ${conditions.join(' AND ')} ORDER BY at DESC, request_id DESC, arm LIMIT $2`,
    values,
  );
  return rows.map(({ inputs, ...row }) => ({
    ...present<Omit<StoredPrediction, 'inputs'>>(row),
    ...(inputs ? { inputs: decodeInputs(inputs) } : {}),
    at: iso(row.at),
  }));
}

type StoredPrediction = Omit<PredictionRow, 'at' | 'inputs'> & { at: Date; inputs: Buffer | null };

/** Each alternative is one index. */
function ofKey(key: string): string {
  return `(keys IS NOT NULL AND keys @> ARRAY[${key}] OR keys IS NULL AND request_id = ${key})`;
}
