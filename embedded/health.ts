import { Connection } from '@temporalio/client';
import { hostname } from 'node:os';
import { readEnvironment } from '../config/environment.ts';
import { temporalConnection } from '../config/temporal.ts';

/**
 * Health check of a container: `health.ts <task queue>` ends with 0 where a worker on this very host has asked the
 * queue for work in the last two minutes. A long poll is renewed every minute.
 */
const RECENT_MS = 120_000;

const [queue = ''] = process.argv.slice(2);
const { connection: options, namespace } = temporalConnection(readEnvironment());
const connection = await Connection.connect({ ...options, connectTimeout: 5_000 });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace,
  taskQueue: { name: queue },
  // Every worker of ours polls for activities, the orchestrator for workflows as well.
  taskQueueType: 2,
});
await connection.close();

// The SDK names a worker `<pid>@<host>`.
const here = (pollers ?? []).filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
const healthy = here.some(
  ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - RECENT_MS,
);
if (!healthy) process.stderr.write(`No worker on ${hostname()} asks ${queue} for work.\n`);
process.exitCode = healthy ? 0 : 1;
