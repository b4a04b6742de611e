import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { connect, type PerennialClient } from '../../client/client.ts';
import { readEnvironment, type Environment } from '../../config/environment.ts';
import { tail } from '../../embedded/launch.ts';
import { startStack, type Stack, type StackOptions } from '../../embedded/supervisor.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';

/** A whole stack of real processes in a home of its own, and everything by which a test drives and inspects it. */
export interface Installation {
  environment: Environment;
  stack: Stack;
  client: PerennialClient;
  temporal: Client;
  store: Store;
  /** Stops every process; the home stays. */
  stop(): Promise<void>;
}

export interface Home {
  environment: Environment;
  remove: () => void;
}

export function freshHome(more: Partial<Environment> = {}): Home {
  const home = mkdtempSync(join(tmpdir(), 'perennial-crash-'));
  const environment = {
    ...readEnvironment(),
    home,
    temporalAddress: undefined,
    databaseUrl: undefined,
    ...more,
  };
  return { environment, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** The end of every part's log, for a test that failed: the home is removed. */
export function logsOf({ home }: Environment): string {
  return readdirSync(join(home, 'logs'))
    .map((name) => `${name}${tail(join(home, 'logs', name), 30)}\n`)
    .join('');
}

/** Starts the stack of a home. */
export async function install(
  environment: Environment,
  workers?: StackOptions['workers'],
): Promise<Installation> {
  const stack = await startStack({ environment, workers });
  try {
    const opened = await open(environment, stack.info);
    return {
      ...opened,
      environment,
      stack,
      async stop() {
        await opened.close();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** What a test looks through into a stack that some process runs. */
export async function open(
  environment: Environment,
  { temporalAddress, databaseUrl }: Pick<Stack['info'], 'temporalAddress' | 'databaseUrl'>,
): Promise<{ client: PerennialClient; temporal: Client; store: Store; close(): Promise<void> }> {
  const client = await connect({ environment: { ...environment, temporalAddress, databaseUrl } });
  const connection = await Connection.connect({ address: temporalAddress });
  const store = await openStore(databaseUrl, environment.namespace);
  return {
    client,
    temporal: new Client({ connection, namespace: environment.namespace }),
    store,
    async close() {
      await client.close();
      await connection.close();
      await store.close();
    },
  };
}
