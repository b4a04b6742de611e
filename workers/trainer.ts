import { NativeConnection, Worker } from '@temporalio/worker';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Boundary } from '../activities/boundary.ts';
import { openFiles } from '../activities/files.ts';
import { trainerActivities } from '../activities/index.ts';
import { createPool } from '../compute/pool.ts';
import { readEnvironment } from '../config/environment.ts';
import { temporalConnection } from '../config/temporal.ts';
import { MEBIBYTE } from '../config/units.ts';
import { openStore } from '../store/open.ts';
import { queues } from '../workflows/messages.ts';
import { databaseUrlOf } from './database.ts';
import { runUntilStopped, startLog } from './process.ts';

/** More would only hold more matrices in memory: the threads are shared. */
const MAX_ACTIVITIES = 8;
/**
 * A cancellation arrives with the answer to a heartbeat, and Temporal's default of 0.8 of the heartbeat timeout (12 s)
 * would leave a cancelled search computing for that long.
 */
const HEARTBEAT_EVERY = '3s';
const DUCKDB_MEMORY_BYTES = 1_500 * MEBIBYTE;

/** The process that reads datasets and trains. Its first argument tells two trainers of one home apart. */
const slot = process.argv[2] ?? '0';
const environment = readEnvironment();
const log = startLog(`trainer-${slot}`, environment);
const { connection: options, namespace } = temporalConnection(environment);
const [connection, store] = await Promise.all([
  NativeConnection.connect(options),
  openStore(databaseUrlOf(environment), environment.namespace),
]);
const pool = createPool({ threads: environment.threads ?? availableParallelism() });
const files = await openFiles(join(environment.home, 'trainers', slot), store.artifacts);

const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: queues.trainer,
  activities: trainerActivities({ store, files, pool, memoryLimitBytes: DUCKDB_MEMORY_BYTES }),
  maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
  maxHeartbeatThrottleInterval: HEARTBEAT_EVERY,
  interceptors: { activity: [() => ({ inbound: new Boundary() })] },
  shutdownGraceTime: '5s',
});
await runUntilStopped(worker, log, [() => connection.close(), () => store.close(), () => pool.close()]);
