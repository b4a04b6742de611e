import { Runtime, type Worker } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import type { Environment } from '../config/environment.ts';

/** What every worker process shares: its log, and an orderly end. */

/** JSON lines on stderr; the SDK's own log joins it. */
export function startLog(role: string, environment: Environment): Logger {
  const log = pino({ name: role, level: environment.logLevel }, pino.destination(2));
  const forward =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
      log[level](meta ?? {}, message);
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => log[level.toLowerCase() as 'info'](meta ?? {}, message),
      trace: forward('trace'),
      debug: forward('debug'),
      info: forward('info'),
      warn: forward('warn'),
      error: forward('error'),
    },
  });
  return log;
}

/**
 * Runs until SIGTERM or SIGINT, or until the supervisor that started this process is gone; then lets activities
 * end (they are cancelled) and closes what it was given, last first.
 */
export async function runUntilStopped(
  workers: readonly Worker[],
  log: Logger,
  closers: (() => Promise<unknown>)[],
): Promise<void> {
  const stop = (reason: string) => () => {
    log.info({ reason }, 'stopping');
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.once('SIGTERM', stop('SIGTERM'));
  process.once('SIGINT', stop('SIGINT'));
  process.once('disconnect', stop('the supervisor is gone'));
  // Where one fails, the others end too, and the process with them; what they share is closed when the last one has ended.
  const running = Promise.allSettled(
    workers.map((worker) =>
      worker.run().catch((error: unknown) => {
        stop('a worker has failed')();
        throw error;
      }),
    ),
  );
  process.send?.({ ready: true });
  log.info({ taskQueues: workers.map(({ options }) => options.taskQueue) }, 'ready');
  try {
    for (const ended of await running) if (ended.status === 'rejected') throw ended.reason;
  } finally {
    for (const close of closers.reverse())
      await close().catch((error: unknown) => log.warn({ error }, 'closing failed'));
  }
  if (process.connected) process.disconnect();
}
