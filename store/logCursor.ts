import type pg from 'pg';
import Cursor from 'pg-cursor';
import { freshenLogStatistics } from './logStatistics.ts';

/**
 * Records of the prediction log through a cursor, with one view of the log, in batches of some 4 MiB of inputs. Whoever
 * stops half-way, or aborts, ends the connection.
 *
 * @param sql sorts before it reads inputs, so that the sort holds none of them
 */
export async function* readLog<StoredRecord extends { inputs: Buffer | null }>(
  pool: pg.Pool,
  sql: string,
  values: unknown[],
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredRecord[]> {
  signal?.throwIfAborted();
  await freshenLogStatistics(pool);
  const client = await pool.connect();
  let usable = false;
  const hangUp = () => void (client as pg.ClientBase as pg.Client).end();
  signal?.addEventListener('abort', hangUp, { once: true });
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // The first rows come when everything has been sorted; between two reads a disk may be busy, or the caller computes.
    await client.query(
      `SET LOCAL statement_timeout TO '1h'; SET LOCAL idle_in_transaction_session_timeout TO '10min'`,
    );
    const cursor = client.query(new Cursor<StoredRecord>(sql, values));
    let count = FIRST_RECORDS;
    for (;;) {
      const records = await cursor.read(count);
      if (records.length === 0) break;
      yield records;
      const bytes = records.reduce((sum, { inputs }) => sum + (inputs?.length ?? 0), 0);
      count = Math.min(MAX_RECORDS, Math.max(1, Math.floor((BATCH_BYTES * records.length) / (bytes + 1))));
    }
    await cursor.close();
    await client.query('COMMIT');
    usable = true;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', hangUp);
    client.release(!usable);
  }
}

/** A record of many rows may have 32 MiB: how many are read at a time is told by the ones before. */
const FIRST_RECORDS = 16;
const MAX_RECORDS = 2_000;
const BATCH_BYTES = 4 * 1024 * 1024;
