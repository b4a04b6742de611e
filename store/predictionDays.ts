import pg from 'pg';
import type { Queryable } from './pool.ts';
import { transaction } from './transaction.ts';

/**
 * Makes the partitions of these days where they are not there. Attaching a table takes a lock beside which predictions
 * are written and read; CREATE TABLE ... PARTITION OF would wait for all of them and hold up the next ones.
 *
 * @param days ISO dates, UTC
 */
export async function addDays(pool: pg.Pool, days: readonly string[]): Promise<void> {
  for (const day of [...days].sort()) {
    await transaction(pool, (client) => addDay(client, day));
  }
}

/** In the transaction of whoever calls it. */
export async function addDay(client: pg.ClientBase, day: string): Promise<void> {
  await lockDays(client);
  const table = tableOf(day);
  const { rowCount } = await client.query(`SELECT WHERE to_regclass($1) IS NOT NULL`, [table]);
  if (rowCount === 1) return;
  await client.query(`CREATE TABLE ${table} (LIKE predictions INCLUDING ALL)`);
  await client.query(
    `ALTER TABLE predictions ATTACH PARTITION ${table} FOR VALUES FROM ('${day} 00:00+00') TO ('${dayAfter(day)} 00:00+00')`,
  );
}

/**
 * Drops the partitions of whole days before that moment to which nothing was written since, and forgets the segments whose
 * records are gone with them: a past that was replayed lately is as new as what was answered lately.
 * A day that somebody reads for longer than 2 s stays until the next call: whoever waits to drop it holds up every
 * other reader and writer of predictions.
 *
 * @param time ISO 8601
 * @returns the dropped days, ascending
 */
export async function dropDaysBefore(pool: pg.Pool, time: string): Promise<string[]> {
  const limit = new Date(time).toISOString().slice(0, 10);
  const days = (await listDays(pool)).filter((day) => day < limit);
  const written = days.length > 0 ? await writtenSince(pool, limit) : [];
  const dropped: string[] = [];
  for (const day of days) {
    if (holds(written, day)) continue;
    if (await dropDay(pool, day, limit)) dropped.push(day);
  }
  await pool.query(
    `DELETE FROM prediction_segments WHERE newest_day < $1::date AND appended_at < $1::date
     AND newest_day <> ALL ($2::date[])`,
    [limit, days.filter((day) => !dropped.includes(day))],
  );
  return dropped;
}

/** Spans of days before that one to which something was written on it or later. */
async function writtenSince(db: Queryable, day: string): Promise<{ oldest: string; newest: string }[]> {
  const { rows } = await db.query<{ oldest: string; newest: string }>(
    `SELECT DISTINCT coalesce(oldest_day, newest_day)::text AS oldest, newest_day::text AS newest
     FROM prediction_segments WHERE appended_at >= $1::date AND coalesce(oldest_day, newest_day) < $1::date`,
    [day],
  );
  return rows;
}

/** Days that have a partition, ascending. */
async function listDays(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ day: string }>(
    `SELECT to_char(to_date(right(relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') AS day
     FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'predictions'::regclass ORDER BY day`,
  );
  return rows.map(({ day }) => day);
}

function holds(spans: readonly { oldest: string; newest: string }[], day: string): boolean {
  return spans.some(({ oldest, newest }) => oldest <= day && day <= newest);
}

async function dropDay(pool: pg.Pool, day: string, limit: string): Promise<boolean> {
  try {
    return await transaction(pool, async (client) => {
      await lockDays(client);
      await client.query(`SET LOCAL lock_timeout TO '2s'`);
      // As DROP would, but before asking: whoever is writing to the day has been waited for, and is seen.
      await client.query(`LOCK TABLE ONLY predictions IN ACCESS EXCLUSIVE MODE`);
      if (holds(await writtenSince(client, limit), day)) return false;
      await client.query(`DROP TABLE IF EXISTS ${tableOf(day)}`);
      return true;
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Two gateways meet the same new day in the same moment. */
async function lockDays(client: pg.ClientBase): Promise<void> {
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtextextended('prediction days of ' || current_schema(), 0))`,
  );
}

function tableOf(day: string): string {
  return pg.escapeIdentifier(`predictions_${day.replaceAll('-', '')}`);
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}
