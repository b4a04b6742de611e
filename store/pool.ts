import pg from 'pg';

export interface StoreOptions {
  /** Seen in pg_stat_activity. Default `perennial`. */
  applicationName?: string;
  /** Connections at the most. Default 8. */
  maxConnections?: number;
  /** A statement that takes longer is cancelled. Default 60 s. */
  statementTimeoutMs?: number;
  /** Called with the error of a connection that broke while nobody used it; the pool has dropped it already. */
  onConnectionError?: (error: Error) => void;
}

export const DEFAULT_APPLICATION_NAME = 'perennial';

/** Anything that runs a statement: the pool, or the client that holds a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

/**
 * A pool whose every connection looks into one schema. It connects lazily, and a connection that the server or the
 * network ended is replaced by the next call.
 */
export function createPool(databaseUrl: string, schema: string, options: StoreOptions = {}): pg.Pool {
  const { statementTimeoutMs = 60_000, onConnectionError = () => {} } = options;
  // The pool awaits this hook, though its type does not say so.
  const onConnect: (client: pg.ClientBase) => unknown = (client) =>
    prepare(client, schema, statementTimeoutMs);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: options.applicationName ?? DEFAULT_APPLICATION_NAME,
    max: options.maxConnections ?? 8,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: { getTypeParser },
    onConnect,
  });
  // Without a listener each, a database that restarts kills the process (node-postgres #2439, #3083): the pool speaks
  // for idle clients, a client in use for itself.
  pool.on('error', onConnectionError);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/**
 * Set by statements and not by the startup packet's `options`, which an `options=` in the address would replace and
 * which connection poolers refuse.
 */
async function prepare(client: pg.ClientBase, schema: string, statementTimeoutMs: number): Promise<void> {
  await client.query(`
    SET search_path TO ${pg.escapeIdentifier(schema)};
    SET datestyle TO ISO;
    SET statement_timeout TO ${Math.round(statementTimeoutMs)};
    -- A process that hangs with a lock in its hands must not hold up the others.
    SET idle_in_transaction_session_timeout TO 60000;
  `);
  try {
    // The server notices within 5 s that a client is gone, also in the middle of a statement or of waiting for a lock.
    await client.query(`SET client_connection_check_interval TO '5s'`);
  } catch (error) {
    // Postgres before 14 does not know it; a server on Windows refuses it. It then notices when it writes.
    if (!(error instanceof pg.DatabaseError && /^(42704|22023)$/.test(error.code ?? ''))) throw error;
  }
}

/** Counts and sizes of 8 bytes come as numbers: none here gets near 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === (pg.types.builtins.INT8 as number)
    ? Number
    : (pg.types.getTypeParser(oid, format) as (value: string) => unknown);
