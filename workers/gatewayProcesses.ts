import cluster, { type Worker } from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface ProcessesOptions {
  /** Of this process; its children are `<slot>-0`, `<slot>-1` ... */
  slot: string;
  processes: number;
  log: Logger;
  /** Resolves with the reason when it is time to end. */
  stopping: Promise<string>;
}

/**
 * Runs several gateways on one port: this process accepts connections and hands them round. One that dies is started
 * again; one that cannot start at the beginning ends them all. Tells its supervisor when all of them are ready.
 */
export async function keepProcesses({ slot, processes, log, stopping }: ProcessesOptions): Promise<void> {
  let stopped = false;
  const running = new Map<Worker, Promise<void>>();

  /** @returns its address. @throws where it ended before it was ready */
  function start(index: number): Promise<string> {
    // For the next fork alone: each has a slot, and so a directory, of its own.
    cluster.setupPrimary({ args: [`${slot}-${index}`] });
    const worker = cluster.fork();
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    running.set(worker, exited);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: { ready?: true; url?: string }) => {
        if (message.url === undefined) return;
        void exited.then(() => keep(index, worker));
        resolve(message.url);
      });
      void exited.then(() => {
        running.delete(worker);
        reject(new Error(`the gateway ${slot}-${index} ended before it was ready`));
      });
    });
  }

  async function keep(index: number, ended: Worker): Promise<void> {
    for (let waitMs = 500; !stopped; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      log.error({ slot: `${slot}-${index}`, pid: ended.process.pid }, 'ended, and is started again');
      await setTimeout(waitMs);
      if (stopped) return;
      try {
        await start(index);
        return;
      } catch (error) {
        log.error({ err: error }, 'could not be started');
      }
    }
  }

  async function stopAll(): Promise<void> {
    stopped = true;
    for (const worker of running.keys()) worker.process.kill('SIGTERM');
    await Promise.all(running.values());
    if (process.connected) process.disconnect();
  }

  const starting = Promise.all(Array.from({ length: processes }, (_, index) => start(index)));
  const outcome = await Promise.race([
    starting.catch((error: unknown) => error),
    stopping.then(() => 'stopped' as const),
  ]);
  if (Array.isArray(outcome)) {
    process.send?.({ ready: true, url: outcome[0] as string });
    log.info({ url: outcome[0] as string, processes }, 'ready');
    log.info({ reason: await stopping }, 'stopping');
  }
  await stopAll();
  if (outcome instanceof Error) throw outcome;
}

const LONGEST_WAIT_MS = 30_000;
