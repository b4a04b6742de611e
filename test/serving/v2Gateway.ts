import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openGateway, type Gateway } from '../../serving/gateway.ts';
import type { GatewayLimits } from '../../serving/types.ts';
import type { ModelVersionRow } from '../../store/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { registerModel, type TinyModel } from './fixtures.ts';

export interface V2Gateway {
  bench: Bench;
  gateway: Gateway;
  url: string;
  versions: ModelVersionRow[];
  close(): Promise<void>;
}

export const LIMITS: Partial<GatewayLimits> = {
  maxBodyBytes: 1024 * 1024,
  maxRows: 10_000,
  maxTextBytes: 1_000,
};

/** A gateway over a database of its own, in which these models are `flights` 1, 2 ...; the first is the champion. */
export async function serveFlights(models: readonly TinyModel[]): Promise<V2Gateway> {
  const bench = await openBench();
  const versions: ModelVersionRow[] = [];
  for (const model of models) versions.push(await registerModel(bench.store, 'flights', model));
  const directory = await mkdtemp(join(tmpdir(), 'perennial-v2-'));
  const gateway = await openGateway({
    databaseUrl: bench.url,
    namespace: 'perennial',
    directory,
    version: '1.2.3',
    limits: LIMITS,
    log: pino({ level: 'silent' }),
    // A busy machine must not cost it its lease: it would serve the champion alone.
    leaseMs: 300_000,
  });
  return {
    bench,
    gateway,
    url: gateway.url,
    versions,
    async close() {
      await gateway.close();
      await bench.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
