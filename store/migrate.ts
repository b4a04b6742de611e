import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { PerennialError } from '../config/errors.ts';

/**
 * Brings the schema to this program's version, one transaction a migration. Processes that start together wait for
 * one another.
 *
 * Own lines and not node-pg-migrate 9.0.0: that one starts on a newer schema without a word (its `checkOrder` compares
 * only as many names as both sides have), keeps no checksum of what it ran, asks for the right to create a schema that
 * is there, and brings glob, jiti and yargs into every installation.
 *
 * @throws PerennialError SCHEMA_TOO_NEW where a newer program was here; INTERNAL where an applied migration was edited.
 */
export async function migrate(
  client: pg.ClientBase,
  schema: string,
  folder: URL = MIGRATIONS,
): Promise<void> {
  const migrations = await readMigrations(folder);
  // Another process may be at a long migration.
  await client.query(`SET statement_timeout TO 0`);
  await lockMigrations(client, schema, 'session');
  try {
    await createSchema(client, schema);
    const applied = await readApplied(client);
    refuseUnknown(migrations, applied, `schema "${schema}"`);
    for (const migration of migrations.slice(applied.length)) await apply(client, migration);
  } finally {
    // Where the connection is lost the lock is gone with it.
    await client
      .query(`SELECT pg_advisory_unlock(hashtextextended($1, 0))`, [lockOf(schema)])
      .catch(() => {});
  }
}

/** Waits for whoever brings this schema on. @param until the end of the session, or of the transaction */
export async function lockMigrations(
  client: pg.ClientBase,
  schema: string,
  until: 'session' | 'xact',
): Promise<void> {
  const lock = until === 'session' ? 'pg_advisory_lock' : 'pg_advisory_xact_lock';
  await client.query(`SELECT ${lock}(hashtextextended($1, 0))`, [lockOf(schema)]);
}

function lockOf(schema: string): string {
  return `perennial migrate ${schema}`;
}

const MIGRATIONS = new URL('./migrations/', import.meta.url);

export interface Migration {
  number: number;
  /** File name without `.sql`. */
  name: string;
  sql: string;
  checksum: string;
}

/** All that this program knows, in their order. */
export async function readMigrations(folder: URL = MIGRATIONS): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
      if (number !== index + 1)
        throw new PerennialError('INTERNAL', `The migration ${file} is not number ${index + 1}.`);
      // Git may have turned line endings; the statements are the same.
      const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n');
      return {
        number,
        name: file.slice(0, -'.sql'.length),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    }),
  );
}

/**
 * Asks first, because CREATE ... IF NOT EXISTS needs the right to create even where there is nothing to do, and a worker
 * may well run under a role that has no such right.
 */
export async function createSchema(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ schema: boolean; table: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS schema,
            EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'migrations') AS table`,
    [schema],
  );
  if (!rows[0].schema) await client.query(`CREATE SCHEMA ${pg.escapeIdentifier(schema)}`);
  if (rows[0].table) return;
  await client.query(`
    CREATE TABLE migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
}

export type Applied = Pick<Migration, 'number' | 'name' | 'checksum'>;

export async function readApplied(client: pg.ClientBase): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(
    `SELECT number, name, checksum FROM migrations ORDER BY number`,
  );
  return rows;
}

/** @param what is at these migrations, for people. @throws PerennialError SCHEMA_TOO_NEW, INTERNAL */
export function refuseUnknown(known: readonly Migration[], applied: readonly Applied[], what: string): void {
  const newest = applied.at(-1);
  if (newest && newest.number > known.length) {
    throw new PerennialError(
      'SCHEMA_TOO_NEW',
      `The ${what} is at ${newest.name}; this program knows ${known.length} migrations. Use the newer program.`,
      { field: 'PERENNIAL_NAMESPACE', value: newest.name, expected: `at most migration ${known.length}` },
    );
  }
  applied.forEach((row, index) => {
    const migration = known[index];
    if (row.number === migration?.number && row.checksum === migration.checksum) return;
    throw new PerennialError(
      'INTERNAL',
      `The migration ${row.name} was changed after it was applied to the ${what}.`,
      {
        field: row.name,
        value: row.checksum,
        expected: migration?.checksum,
      },
    );
  });
}

async function apply(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await applyMigration(client, migration);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** In the transaction of whoever calls it. */
export async function applyMigration(
  client: pg.ClientBase,
  { number, name, sql, checksum }: Migration,
): Promise<void> {
  await client.query(sql);
  await client.query(`INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)`, [
    number,
    name,
    checksum,
  ]);
}
