import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../../config/environment.ts';
import { findFreePort } from './freePort.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { startWorker } from '../../embedded/worker.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';

export interface Bed {
  home: string;
  databaseUrl: string;
  namespace: string;
  store: Store;
  /** A gateway as users run it: a process, or several on one port. */
  startGateway(slot: number, processes: number): Promise<{ url: string; pid: number }>;
  /** To be called when everything ends, the last one first. */
  onClose(end: () => Promise<unknown>): void;
  close(): Promise<void>;
}

/** A home of its own with a Postgres that is as durable as in life; everything is gone after `close`. */
export async function makeBed(): Promise<Bed> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'));
  const ends: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end().catch((error: unknown) => console.error(error));
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const postgres = await startPostgres({
      directory: join(home, 'postgres'),
      port: await findFreePort(),
      log: join(home, 'logs', 'postgres.log'),
    });
    ends.push(() => postgres.stop());
    const { databaseUrl } = postgres;
    const namespace = 'perennial';
    const store = await openStore(databaseUrl, namespace);
    ends.push(() => store.close());
    return {
      ...{ home, databaseUrl, namespace, store, close },
      onClose: (end) => void ends.push(end),
      async startGateway(slot, processes) {
        const gateway = await startWorker({
          role: 'gateway',
          slot,
          environment: {
            ...readEnvironment(),
            ...{ home, databaseUrl, namespace, logLevel: 'warn' },
            gateway: { host: '127.0.0.1', port: 0, processes },
          },
          log: join(home, 'logs', `gateway-${slot}.log`),
        });
        ends.push(() => gateway.stop());
        if (gateway.url === undefined) throw new Error('the gateway does not say where it answers');
        return { url: gateway.url, pid: gateway.mark.pid };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
