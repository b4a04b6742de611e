import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { PerennialError } from '../../config/errors.ts';
import {
  applyMigration,
  createSchema,
  lockMigrations,
  readApplied,
  readMigrations,
  refuseUnknown,
} from '../migrate.ts';
import { addDay } from '../predictionDays.ts';
import { transaction } from '../transaction.ts';
import type { RestoreSummary } from '../types.ts';
import { readFrames, unreadable, type FrameReader } from './frames.ts';
import { readFooter, readHeader, type BackupHeader, type BackupTable } from './header.ts';
import { findUnderWay } from './underWay.ts';
import { findUnfinished, markUnfinished } from './unfinished.ts';
import { columnsOf } from './write.ts';

/**
 * Brings a backup into an installation that is empty, in one transaction: all of it, or nothing. An older one is brought
 * to the version that it was taken at, filled, and then brought to this program's. One that is in already, and of which
 * nobody has said that it was finished, is not read again.
 *
 * @throws PerennialError INVALID_INPUT where the file is no whole backup or the installation is not empty;
 *   SCHEMA_TOO_NEW where a newer program wrote it
 */
export async function readBackup(pool: pg.Pool, schema: string, path: string): Promise<RestoreSummary> {
  const known = await readMigrations();
  return readFrames(path, async (reader) => {
    const { header, sha256 } = await readHeader(reader, path);
    refuseUnknown(known, header.migrations, `backup ${path}`);
    return transaction(pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout TO 0`);
      await client.query(`SET LOCAL idle_in_transaction_session_timeout TO 0`);
      await lockMigrations(client, schema, 'xact');
      const unfinished = await findUnfinished(client, schema);
      if (unfinished?.backup === sha256)
        return { ...unfinished.summary, underWay: await findUnderWay(client), resumed: true };
      if (unfinished) {
        const { createdAt } = unfinished.summary;
        throw notEmpty(
          schema,
          `The restore of the backup of ${createdAt} is not finished: give that file again`,
        );
      }
      const wanted = header.migrations.length;
      const found = await requireEmpty(client, schema);
      if (found !== wanted) {
        if (found !== undefined) await client.query(`DROP SCHEMA ${pg.escapeIdentifier(schema)} CASCADE`);
        await createSchema(client, schema);
        for (const migration of known.slice(0, wanted)) await applyMigration(client, migration);
      }
      const tables = await fill(client, header, reader, path);
      await reader.expectEnd();
      for (const migration of known.slice(wanted)) await applyMigration(client, migration);
      const summary = {
        createdAt: header.createdAt,
        schema: header.schema,
        migration: header.migrations.at(-1)?.name ?? '',
        tables,
      };
      await markUnfinished(client, sha256, summary);
      return { ...summary, underWay: await findUnderWay(client), resumed: false };
    });
  });
}

/**
 * From here on nobody else reads or writes in it, until the end of the transaction.
 *
 * @returns how many migrations its tables are at; undefined where there are none
 * @throws PerennialError INVALID_INPUT where there is anything in them
 */
async function requireEmpty(client: pg.ClientBase, schema: string): Promise<number | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1 ORDER BY tablename`,
    [schema],
  );
  if (rows.length === 0) return undefined;
  const names = rows.map(({ name }) => name);
  if (!names.includes('migrations')) throw notEmpty(schema, `It has tables that are not ours`);
  await client.query(`LOCK TABLE ${names.map((name) => pg.escapeIdentifier(name)).join(', ')}`);
  for (const name of names.filter((each) => !KEPT.includes(each))) {
    const { rowCount } = await client.query(
      `SELECT FROM ${pg.escapeIdentifier(name)} ${name === 'audit_head' ? 'WHERE id > 0' : ''} LIMIT 1`,
    );
    if (rowCount !== 0) throw notEmpty(schema, `There are rows in ${name}`);
  }
  return (await readApplied(client)).length;
}

/** What an installation has as soon as its processes run. */
const KEPT: readonly string[] = ['migrations', 'gateways'];

function notEmpty(schema: string, why: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `The installation is not empty. ${why}; nothing was restored.`, {
    field: 'PERENNIAL_NAMESPACE',
    value: schema,
    expected: 'an installation without runs, models and predictions: another home, namespace or database',
  });
}

/**
 * Foreign keys are taken away meanwhile and then made, and so checked, again: two tables refer to each other, and checked
 * row by row each row would wait in the server's memory.
 */
async function fill(
  client: pg.ClientBase,
  { tables }: BackupHeader,
  reader: FrameReader,
  path: string,
): Promise<RestoreSummary['tables']> {
  const { rows: constraints } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT relname AS table, conname AS name, pg_get_constraintdef(pg_constraint.oid) AS definition
     FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
     WHERE connamespace = current_schema()::regnamespace AND contype = 'f' AND conparentid = 0
     ORDER BY relname, conname`,
  );
  const alter = ({ table }: { table: string }) => `ALTER TABLE ${pg.escapeIdentifier(table)}`;
  for (const key of constraints)
    await client.query(`${alter(key)} DROP CONSTRAINT ${pg.escapeIdentifier(key.name)}`);
  const filled: RestoreSummary['tables'] = [];
  for (const table of tables) filled.push(await fillTable(client, table, reader, path));
  for (const key of constraints)
    await client.query(`${alter(key)} ADD CONSTRAINT ${pg.escapeIdentifier(key.name)} ${key.definition}`);
  return filled;
}

async function fillTable(
  client: pg.ClientBase,
  { name, columns, day }: BackupTable,
  reader: FrameReader,
  path: string,
): Promise<{ name: string; rows: number }> {
  if (day !== undefined) await addDay(client, day);
  const isHead = name === 'audit_head';
  // Its row stays, whoever wants to delete it.
  if (isHead) await client.query(`CREATE TEMP TABLE restored_head (LIKE audit_head) ON COMMIT DROP`);
  const hash = createHash('sha256');
  const copy = client.query(
    copyFrom(`COPY ${columnsOf(isHead ? 'restored_head' : name, columns)} FROM STDIN (FORMAT binary)`),
  );
  try {
    await pipeline(Readable.from(rowsOf(reader, (part) => void hash.update(part))), copy);
  } catch (error) {
    if (error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? ''))
      throw unreadable(path, `does not fit ${name}`, error);
    throw error;
  }
  const footer = await readFooter(reader, path);
  if (footer.table !== name || footer.rows !== copy.rowCount || footer.sha256 !== hash.digest('hex'))
    throw unreadable(path, `is damaged in ${name}`);
  if (isHead) {
    await client.query(`UPDATE audit_head SET (id, at, hash) = (SELECT id, at, hash FROM restored_head)`);
  }
  return { name, rows: footer.rows };
}

async function* rowsOf(reader: FrameReader, see: (part: Buffer) => void): AsyncGenerator<Buffer> {
  for (let part = await reader.read(); part.byteLength > 0; part = await reader.read()) {
    see(part);
    yield part;
  }
}
