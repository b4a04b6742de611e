import { DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import { createHash } from 'node:crypto';
import { mkdtemp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg, { type FieldDef, type QueryResult } from 'pg';
import Cursor from 'pg-cursor';
import type { Source } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { openEngine, throwIfCancelled, type Engine } from './engine.ts';
import { sqlTypeOf } from './postgrestypes.ts';
import { quoteName, quoteText } from './quote.ts';
import type { ResolvedSource, ResolveOptions } from './types.ts';

const BATCH_ROWS = 2048;
const CONNECT_ATTEMPTS = 3;

/**
 * Reads a query through a cursor, in one read-only transaction with one view of the data, and writes its rows, sorted
 * by all columns since a table has no order, to Parquet in the scratch folder. The digest is over the columns and the
 * sorted rows as Postgres prints them (UTC, ISO dates, shortest floats), so it does not depend on an engine's version.
 *
 * @throws PerennialError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, CANCELLED
 */
export async function readPostgres(
  name: string,
  spec: Extract<Source, { kind: 'postgres' }>,
  url: string,
  options: ResolveOptions,
): Promise<ResolvedSource> {
  const folder = await mkdtemp(join(options.scratch, 'postgres-'));
  const path = join(folder, `${name}.parquet`);
  const client = await connect(name, url, options.signal);
  const engine = await openEngine({ scratch: options.scratch, memoryLimitBytes: options.memoryLimitBytes });
  const stop = () => void cancelBackend(client, url);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const fields = await copyRows(name, spec.query, client, engine, options);
    const { digest, bytes } = await hashRows(fields, engine, options.signal);
    const columns = fields.map(
      (f) => `CAST(${quoteName(f.name)} AS ${sqlTypeOf(f)}) AS ${quoteName(f.name)}`,
    );
    await engine.run(
      `COPY (SELECT ${columns.join(', ')} FROM sorted) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
      { signal: options.signal },
    );
    const { size, mtimeMs } = await stat(path);
    return { name, kind: 'postgres', files: [path], digest, bytes, spec, seen: [{ size, mtimeMs }] };
  } catch (error) {
    throwIfCancelled(options.signal);
    throw explain(name, error);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
    await engine.close();
  }
}

async function connect(name: string, url: string, signal?: AbortSignal): Promise<pg.Client> {
  for (let attempt = 1; ; attempt++) {
    const client = makeClient(name, url);
    client.on('error', () => undefined); // A lost connection fails the query under way; unheard, it would end the process.
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throwIfCancelled(signal);
      if (attempt === CONNECT_ATTEMPTS) throw explain(name, error);
      await delay(500 * 2 ** attempt);
    }
  }
}

/** What is wrong with an address is not told: the error's own text and cause may hold its password. */
function makeClient(name: string, url: string): pg.Client {
  try {
    return new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 20_000,
      application_name: 'perennial',
    });
  } catch {
    throw new PerennialError('SOURCE_UNREADABLE', `Source ${name}: its secret is no address of a Postgres.`, {
      field: `sources.${name}`,
      expected: 'postgres://user:password@host:port/database',
    });
  }
}

/** Fills the table `sorted` with the rows as text. */
async function copyRows(
  name: string,
  query: string,
  client: pg.Client,
  engine: Engine,
  options: ResolveOptions,
): Promise<FieldDef[]> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
  await client.query(`SET LOCAL TIME ZONE 'UTC'`);
  await client.query(`SET LOCAL datestyle = 'ISO, YMD'`);
  await client.query(`SET LOCAL intervalstyle = 'iso_8601'`);
  await client.query(`SET LOCAL extra_float_digits = 1`);
  await client.query(`SET LOCAL bytea_output = 'hex'`);
  const cursor = client.query(
    new Cursor<(string | null)[]>(query, [], { rowMode: 'array', types: { getTypeParser: () => asText } }),
  );
  let bytes = 0;
  try {
    const first = await readBatch(cursor);
    refuseDuplicates(name, first.fields);
    const columns = first.fields.map((f) => `${quoteName(f.name)} VARCHAR`).join(', ');
    await engine.run(`CREATE TABLE rows_as_read (${columns})`);
    const appender = await engine.connection.createAppender('rows_as_read');
    const types = first.fields.map(() => VARCHAR);
    for (let rows = first.rows; rows.length > 0; rows = (await readBatch(cursor)).rows) {
      throwIfCancelled(options.signal);
      const chunk = DuckDBDataChunk.create(types, rows.length);
      chunk.setRows(rows);
      appender.appendDataChunk(chunk);
      for (const row of rows) for (const value of row) bytes += value?.length ?? 0;
      options.onProgress?.({ source: name, bytes });
    }
    appender.closeSync();
    await engine.run(`CREATE TABLE sorted AS SELECT * FROM rows_as_read ORDER BY ALL`, {
      signal: options.signal,
    });
    await engine.run(`DROP TABLE rows_as_read`);
    return first.fields;
  } finally {
    await cursor.close().catch(() => undefined);
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function asText(value: string): string {
  return value;
}

function readBatch(
  cursor: Cursor<(string | null)[]>,
): Promise<{ rows: (string | null)[][]; fields: FieldDef[] }> {
  return new Promise((resolve, reject) => {
    cursor.read(BATCH_ROWS, (error: Error | undefined, rows, result) => {
      if (error) reject(error);
      else resolve({ rows, fields: (result as QueryResult | undefined)?.fields ?? [] }); // none after the end
    });
  });
}

async function hashRows(
  fields: FieldDef[],
  engine: Engine,
  signal?: AbortSignal,
): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const add = (value: unknown) => {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    hash.update(line);
    bytes += line.length;
  };
  add(fields.map((f) => [f.name, sqlTypeOf(f)]));
  const result = await engine.stream('SELECT * FROM sorted', { signal });
  for await (const chunk of result) {
    throwIfCancelled(signal);
    for (const row of chunk.getRows()) add(row);
  }
  return { digest: hash.digest('hex'), bytes };
}

/** The server notices a closed connection only when it writes, so the query is cancelled through a second one. */
async function cancelBackend(client: pg.Client, url: string): Promise<void> {
  const pid = (client as unknown as { processID: number | null }).processID;
  const second = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  second.on('error', () => undefined);
  try {
    await second.connect();
    await second.query('SELECT pg_cancel_backend($1)', [pid]);
  } catch {
    client.connection.stream.destroy();
  } finally {
    await second.end().catch(() => undefined);
  }
}

function refuseDuplicates(name: string, fields: FieldDef[]): void {
  const seen = new Set<string>();
  for (const field of fields) {
    if (seen.has(field.name.toLowerCase())) {
      throw new PerennialError(
        'SOURCE_UNREADABLE',
        `Source ${name}: the query gives two columns the name "${field.name}".`,
        {
          field: `sources.${name}.query`,
          value: field.name,
          expected: 'a name of its own for each column (AS)',
        },
      );
    }
    seen.add(field.name.toLowerCase());
  }
}

/** Postgres' own words, which hold neither the address nor the password. */
function explain(name: string, error: unknown): PerennialError {
  if (error instanceof PerennialError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message || code : String(error);
  const absent = /^(42P01|3D000|ECONNREFUSED|ENOTFOUND)$/.test(code); // no such table or database, nobody there
  return new PerennialError(absent ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE', `Source ${name}: ${text}.`, {
    field: `sources.${name}`,
    value: code || text,
    expected: 'a query that this connection may run, read-only',
    cause: error,
  });
}
