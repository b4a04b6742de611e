import { PerennialError } from '../config/errors.ts';
import { artifactStore } from './artifacts.ts';
import { auditTable } from './audit.ts';
import { readBackup } from './backup/restore.ts';
import { markFinished } from './backup/unfinished.ts';
import { writeBackup } from './backup/write.ts';
import { candidateTable } from './candidates.ts';
import { trialTable } from './trials.ts';
import { checkTable } from './checks.ts';
import { datasetTable } from './datasets.ts';
import { definitionTable } from './definitions.ts';
import { gatewayTable } from './gateways.ts';
import { listOrphans, readStats } from './inventory.ts';
import { keyTable } from './keys.ts';
import { labelTable } from './labels.ts';
import { lifecycleTable } from './lifecycles.ts';
import { migrate } from './migrate.ts';
import { createPool, DEFAULT_APPLICATION_NAME, type StoreOptions } from './pool.ts';
import { predictionTables } from './predictions.ts';
import { registryTables } from './registry.ts';
import { rolloutTable } from './rollouts.ts';
import { routeTable } from './routes.ts';
import { routeWatch } from './routeWatch.ts';
import { runTable } from './runs.ts';
import type { Store } from './types.ts';
import { watchTables } from './watch.ts';

/**
 * Opens the tables of one installation, after bringing them to this program's version.
 *
 * @param databaseUrl `postgres://user:password@host:port/database`, with TLS as libpq names it (`?sslmode=...`)
 * @param schema PERENNIAL_NAMESPACE; made where it is missing
 * @throws PerennialError STACK_UNAVAILABLE, SCHEMA_TOO_NEW, INVALID_INPUT
 */
export async function openStore(
  databaseUrl: string,
  schema: string,
  options: StoreOptions = {},
): Promise<Store> {
  const address = addressOf(databaseUrl);
  refuseSchemaName(schema);
  const pool = createPool(databaseUrl, schema, options);
  try {
    const client = await pool.connect().catch((cause: unknown) => {
      throw unavailable(address, cause);
    });
    try {
      await migrate(client, schema);
    } finally {
      client.release(true); // Its settings were changed.
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  const watching = routeWatch(databaseUrl, schema, options.applicationName ?? DEFAULT_APPLICATION_NAME);
  return {
    artifacts: artifactStore(pool),
    definitions: definitionTable(pool),
    datasets: datasetTable(pool),
    runs: runTable(pool),
    candidates: candidateTable(pool),
    trials: trialTable(pool),
    checks: checkTable(pool),
    registry: registryTables(pool),
    routes: routeTable(pool, watching.watch),
    gateways: gatewayTable(pool),
    keys: keyTable(pool),
    predictions: predictionTables(pool),
    labels: labelTable(pool),
    rollouts: rolloutTable(pool),
    lifecycles: lifecycleTable(pool),
    watch: watchTables(pool),
    audit: auditTable(pool),
    backup: {
      write: (path) => writeBackup(pool, schema, path),
      read: (path) => readBackup(pool, schema, path),
      finish: () => markFinished(pool),
    },
    stats: () => readStats(pool),
    orphans: () => listOrphans(pool),
    close: once(async () => void (await Promise.all([watching.close(), pool.end()]))),
  };
}

/** Host, port and database, for messages: never the password. */
function addressOf(databaseUrl: string): string {
  try {
    const { protocol, host, pathname } = new URL(databaseUrl);
    if (/^postgres(ql)?:$/.test(protocol)) return `${host}${pathname}`;
  } catch {
    // Said below.
  }
  throw new PerennialError('INVALID_INPUT', 'DATABASE_URL is not the address of a Postgres database.', {
    field: 'DATABASE_URL',
    expected: 'postgres://user:password@host:port/database',
  });
}

/** Postgres cuts longer names off without an error, which would make two installations one. */
function refuseSchemaName(schema: string): void {
  if (schema !== '' && Buffer.byteLength(schema) <= 63 && !schema.includes('\0')) return;
  throw new PerennialError('INVALID_INPUT', `The schema's name has ${Buffer.byteLength(schema)} bytes.`, {
    field: 'PERENNIAL_NAMESPACE',
    value: schema,
    expected: '1 to 63 bytes',
  });
}

function unavailable(address: string, cause: unknown): PerennialError {
  // Of a name with several addresses Node reports several failures, under an empty message.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const message = first instanceof Error ? first.message : String(first);
  return new PerennialError('STACK_UNAVAILABLE', `The database at ${address} cannot be used: ${message}.`, {
    field: 'DATABASE_URL',
    value: address,
    expected: 'a Postgres that answers',
    cause,
  });
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => (closed ??= close());
}
