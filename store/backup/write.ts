import { createHash } from 'node:crypto';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { MEBIBYTE } from '../../config/units.ts';
import { readApplied } from '../migrate.ts';
import type { Queryable } from '../pool.ts';
import { iso } from '../rows.ts';
import { transaction } from '../transaction.ts';
import type { BackupSummary } from '../types.ts';
import { writeFrames, type FrameWriter } from './frames.ts';
import { UNFINISHED_TABLE } from './unfinished.ts';
import { writeHeader, type BackupTable, type TableFooter } from './header.ts';

/** One table's partition may be dropped while the others are being locked. */
const MAX_ATTEMPTS = 3;

/**
 * Everything that one installation remembers, as it was at one moment, into one file. Others read and write meanwhile; no
 * table is held in memory.
 */
export async function writeBackup(pool: pg.Pool, schema: string, path: string): Promise<BackupSummary> {
  return writeFrames(path, async (writer) => {
    for (let attempt = 1; ; attempt++) {
      const tables = await listTables(pool);
      const written = await transaction(
        pool,
        async (client) => {
          // Neither takes a snapshot: what is seen is seen once everything is locked.
          await client.query(`SET LOCAL statement_timeout TO 0`);
          await client.query(`SET LOCAL idle_in_transaction_session_timeout TO 0`);
          if (!(await lockAll(client, tables))) return undefined;
          const seen = await listTables(client);
          if (JSON.stringify(seen) !== JSON.stringify(tables)) return undefined;
          return writeAll(client, schema, seen, writer);
        },
        { begin: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' },
      );
      if (written) return { path, ...written, bytes: writer.bytes() };
      if (attempt === MAX_ATTEMPTS) throw new Error('Tables came and went while they were to be locked.');
    }
  });
}

/** @returns false where one of them is gone: the transaction is over */
async function lockAll(client: pg.ClientBase, tables: readonly BackupTable[]): Promise<boolean> {
  await client.query('SAVEPOINT before');
  try {
    const names = tables.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
    await client.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT before');
    return false;
  }
}

const UNDEFINED_TABLE = '42P01';

async function writeAll(
  client: pg.ClientBase,
  schema: string,
  tables: BackupTable[],
  writer: FrameWriter,
): Promise<Omit<BackupSummary, 'path' | 'bytes'>> {
  const migrations = await readApplied(client);
  const { rows } = await client.query<{ now: Date }>(`SELECT now()`);
  const createdAt = iso(rows[0].now);
  await writeHeader(writer, { apiVersion: 1, createdAt, schema, migrations, tables });
  const footers: TableFooter[] = [];
  for (const table of tables) footers.push(await writeTable(client, table, writer));
  return {
    createdAt,
    migration: migrations.at(-1)?.name ?? '',
    tables: footers.map(({ table, rows: count, sha256 }) => ({ name: table, rows: count, sha256 })),
  };
}

/** Frames of rows, one that is empty, and what they must come to. */
async function writeTable(
  client: pg.ClientBase,
  { name, columns }: BackupTable,
  writer: FrameWriter,
): Promise<TableFooter> {
  const hash = createHash('sha256');
  const copy = client.query(copyTo(`COPY ${columnsOf(name, columns)} TO STDOUT (FORMAT binary)`));
  for await (const part of gathered(copy as AsyncIterable<Buffer>)) {
    hash.update(part);
    await writer.write(part);
  }
  await writer.write(Buffer.alloc(0));
  // The number of rows comes behind the last of them; a statement that waits its turn comes after it.
  await client.query('SELECT');
  const footer = { table: name, rows: copy.rowCount, sha256: hash.digest('hex') };
  await writer.writeJson(footer);
  return footer;
}

/** As they come from the network, pieces may be as small as a row. */
async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.byteLength;
    if (bytes < MEBIBYTE) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

export function columnsOf(table: string, columns: readonly string[]): string {
  return `${pg.escapeIdentifier(table)} (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')})`;
}

/** All but what says how far the schema was brought, which the header has, and how far a restore. */
async function listTables(client: Queryable): Promise<BackupTable[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; day: string | null }>(
    `SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns,
            CASE WHEN c.relispartition THEN to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') END AS day
     FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
     GROUP BY c.oid
     ORDER BY c.relname`,
    [['migrations', UNFINISHED_TABLE]],
  );
  return rows.map(({ name, columns, day }) => ({ name, columns, ...(day === null ? {} : { day }) }));
}
