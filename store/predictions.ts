import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { PerennialError } from '../config/errors.ts';
import { labelledPredictions } from './labelledPredictions.ts';
import { addDays, dropDaysBefore } from './predictionDays.ts';
import { listPredictions } from './predictionList.ts';
import { COPY_HEADER, COPY_TRAILER, PREDICTION_COLUMNS } from './predictionTuple.ts';
import type { PredictionStore } from './predictionTypes.ts';
import { transaction } from './transaction.ts';

export function predictionTables(pool: pg.Pool): PredictionStore {
  /** Days whose partition this process has seen. */
  const known = new Set<string>();

  return {
    async append(segmentId, days, tuples, options = {}) {
      const unknown = days.filter((day) => !known.has(day));
      await addDays(pool, unknown);
      for (const day of unknown) known.add(day);
      try {
        return await appendSegment(pool, segmentId, days, tuples, options.signal);
      } catch (error) {
        const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
        // A day that was dropped since: the next try makes it again.
        if (state === CHECK_VIOLATION) known.clear();
        else if (REFUSED.test(state)) throw refusal(segmentId, error);
        throw error;
      }
    },

    list: (filter) => listPredictions(pool, filter),

    labelled: (what, options) => labelledPredictions(pool, what, options),

    dropBefore: (time) => dropDaysBefore(pool, time),
  };
}

/** "no partition of relation found for row" */
const CHECK_VIOLATION = '23514';
/** SQLSTATEs that say that these bytes will never be taken: data, constraint, limit, a message that is not as it should be. */
const REFUSED = /^(22|23|54|08P01)/;

function refusal(segmentId: string, cause: unknown): PerennialError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PerennialError('INVALID_INPUT', `The segment ${segmentId} cannot be kept: ${message}.`, {
    field: 'tuples',
    value: message,
    expected: 'tuples as encodePrediction makes them, of the days that were named',
    cause,
  });
}

const COPY = `COPY predictions (${PREDICTION_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`;

/** One transaction: the segment's row, which a repeated call finds, and its records. */
async function appendSegment(
  pool: pg.Pool,
  id: string,
  days: readonly string[],
  tuples: Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ existing: boolean }> {
  const append = async (client: pg.PoolClient) => {
    // Waits for another process that is at the same segment.
    const sorted = [...days].sort();
    const { rowCount } = await client.query(
      `INSERT INTO prediction_segments (id, oldest_day, newest_day) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [id, sorted.at(0), sorted.at(-1)],
    );
    if (rowCount === 0) return { existing: true };
    await pipeline(Readable.from(frame(tuples), { objectMode: true }), client.query(copyFrom(COPY)));
    return { existing: false };
  };
  return transaction(pool, append, { signal });
}

function* frame(tuples: Iterable<Uint8Array>): Iterable<Uint8Array> {
  yield COPY_HEADER;
  yield* tuples;
  yield COPY_TRAILER;
}
