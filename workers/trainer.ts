import { NativeConnection, Worker } from '@temporalio/worker';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Boundary } from '../activities/boundary.ts';
import { openFiles } from '../activities/files.ts';
import { trainerActivities } from '../activities/trainer.ts';
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
/** One is read and waits while the others compute. A trainer that took more would take them from one that is idle. */
const CANDIDATES_WAITING = 1;
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
const threads = environment.threads ?? availableParallelism();
const pool = createPool({ threads });
const files = await openFiles(join(environment.home, 'trainers', slot), store.artifacts);

const common = {
  ...{
    connection,
    namespace,
    maxHeartbeatThrottleInterval: HEARTBEAT_EVERY,
    shutdownGraceTime: '5s' as const,
  },
  activities: trainerActivities({ store, files, pool, memoryLimitBytes: DUCKDB_MEMORY_BYTES }),
  interceptors: { activity: [() => ({ inbound: new Boundary() })] },
};
const workers = await Promise.all([
  Worker.create({
    ...common,
    taskQueue: queues.trainer,
    maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
  }),
  Worker.create({
    ...common,
    taskQueue: queues.candidates,
    maxConcurrentActivityTaskExecutions: threads + CANDIDATES_WAITING,
  }),
]);
await runUntilStopped(workers, log, [() => connection.close(), () => store.close(), () => pool.close()]);
