import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openPredictionLog } from '../../serving/log/log.ts';
import type { Bed } from '../serve/gateways.ts';
import { asker } from './ask.ts';

export interface Kill {
  answered: number;
  /** Request ids of answers that are not in the log. */
  lost: string[];
  /** From the oldest answer that is not in the log to the kill; 0 where all are there. */
  windowMs: number;
}

/** Asks a gateway over ten connections, kills it with SIGKILL in the middle, and looks which answers were not logged. */
export async function measureKill(bed: Bed, name: string, round: number): Promise<Kill> {
  const gateway = await bed.startGateway(1, 1);
  const ask = asker(gateway.url, name);
  const answeredMs = new Map<string, number>();
  const caller = async (connection: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const requestId = `${round}-${connection}-${i}`;
      try {
        await ask(requestId);
      } catch {
        return;
      }
      answeredMs.set(requestId, performance.now());
    }
  };
  const callers = Array.from({ length: CONNECTIONS }, (_, connection) => caller(connection));
  // Not at the same place of the log's rhythm each time.
  await setTimeout(LEAST_MS + ((round * 37) % 250));
  const killedMs = performance.now();
  process.kill(gateway.pid, 'SIGKILL');
  await Promise.all(callers);
  // Whoever was killed is taken for alive until its parent, this process, has been told of its end.
  while (runs(gateway.pid)) await setTimeout(10);

  const next = await openPredictionLog({
    directory: join(bed.home, 'predictions'),
    store: bed.store.predictions,
  });
  await next.flush(PATIENCE_MS);
  await next.close(PATIENCE_MS);
  const logged = await loggedIds(bed, name);
  const lost = [...answeredMs].filter(([requestId]) => !logged.has(requestId));
  const oldestMs = Math.min(killedMs, ...lost.map(([, ms]) => ms));
  return {
    answered: answeredMs.size,
    lost: lost.map(([requestId]) => requestId),
    windowMs: killedMs - oldestMs,
  };
}

/** Of all predictions of a model. */
export async function loggedIds({ store }: Bed, name: string): Promise<Set<string>> {
  const rows = await store.predictions.list({ name, limit: 10_000_000 });
  return new Set(rows.map(({ requestId }) => requestId));
}

const CONNECTIONS = 10;
const LEAST_MS = 1_500;
const PATIENCE_MS = 60_000;

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
