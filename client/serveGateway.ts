import { join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { makeHome } from '../embedded/files.ts';
import { keepRunning, type PartChange } from '../embedded/part.ts';
import { readStack } from '../embedded/stackFile.ts';
import { startWorker } from '../embedded/worker.ts';

export interface ServedGateway {
  url: string;
  /** Where it writes what it does. */
  log: string;
  /** Lets it finish what it has accepted. */
  stop(): Promise<void>;
}

/**
 * A gateway beside this process, started again whenever it dies: on the database of the environment, else on that of
 * the stack that is up.
 *
 * @throws PerennialError STACK_UNAVAILABLE where there is no database, or with the end of its log.
 */
export async function serveGateway(
  environment: Environment,
  onChange: (change: PartChange) => void,
): Promise<ServedGateway> {
  const { home, gateway } = environment;
  const databaseUrl = environment.databaseUrl ?? readStack(home)?.databaseUrl;
  if (!databaseUrl) {
    throw new PerennialError('STACK_UNAVAILABLE', `No stack is up in ${home}, and DATABASE_URL is not set.`, {
      field: 'DATABASE_URL',
      expected: '`npx perennial up`, whose stack has a gateway already, or the address of a Postgres',
    });
  }
  makeHome(home);
  // Its slot is its port: what it could not ship to the database is found by the next one on this port.
  const log = join(home, 'logs', `gateway-${gateway.port}.log`);
  let url: string | undefined;
  const part = keepRunning(async (onSpawn) => {
    const worker = await startWorker({
      role: 'gateway',
      slot: gateway.port,
      environment: { ...environment, databaseUrl },
      log,
      onSpawn,
    });
    url = worker.url;
    return worker;
  }, onChange);
  await part.started;
  return { url: url ?? `http://${gateway.host}:${gateway.port}`, log, stop: () => part.stop() };
}
