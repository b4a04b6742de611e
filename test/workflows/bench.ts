import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Boundary } from '../../activities/boundary.ts';
import { openFiles } from '../../activities/files.ts';
import { orchestratorActivities } from '../../activities/orchestrator.ts';
import { trainerActivities, type TrainerActivities } from '../../activities/trainer.ts';
import type { TrainerDependencies } from '../../activities/dependencies.ts';
import { connect, type PerennialClient } from '../../client/client.ts';
import { createPool } from '../../compute/pool.ts';
import { readEnvironment, type Environment } from '../../config/environment.ts';
import { MEBIBYTE } from '../../config/units.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { temporalCalls } from '../../workers/temporalCalls.ts';
import { queues } from '../../workflows/messages.ts';
import { workflowBundle } from '../setup/bundle.ts';
import { freshDatabase } from '../setup/database.ts';
import { freshNamespace } from '../setup/namespace.ts';

/** A namespace and a database of its own on the shared servers, with both workers in this process. */
export interface Bench {
  environment: Environment;
  client: PerennialClient;
  temporal: Client;
  store: Store;
  /** What the trainer's activities work with, to call one by itself. */
  dependencies: TrainerDependencies;
  /** A folder of this test's own. */
  folder: string;
  /** Writes a file into the folder. @returns its path */
  write(name: string, text: string): string;
  close(): Promise<void>;
}

/** Threads for training: the tests' data is small, and two files run at the same time. */
const THREADS = 1;

export interface BenchOptions {
  /** What the trainer runs in place of its own activities. */
  trainer?: (own: TrainerActivities, dependencies: TrainerDependencies) => TrainerActivities;
  /** What the activities see in place of the store. */
  store?: (own: Store) => Store;
  /** What a thread of the trainer runs, in place of its own. */
  threadCode?: string;
  /** False: workflows and short activities are run by processes that the test starts and ends. */
  orchestrator?: false;
}

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  silence();
  const [{ temporalAddress, namespace }, database] = await Promise.all([freshNamespace(), freshDatabase()]);
  const folder = mkdtempSync(join(tmpdir(), 'perennial-bench-'));
  const environment = {
    ...readEnvironment(),
    home: folder,
    temporalAddress,
    databaseUrl: database.url,
    namespace,
  };
  const store = await openStore(database.url, namespace);
  const connection = await Connection.connect({ address: temporalAddress });
  const native = await NativeConnection.connect({ address: temporalAddress });
  const temporal = new Client({ connection, namespace });
  const pool = createPool({ threads: THREADS, code: options.threadCode });
  const seen = options.store?.(store) ?? store;
  const dependencies: TrainerDependencies = {
    store: seen,
    files: await openFiles(join(folder, 'trainer'), store.artifacts),
    pool,
    memoryLimitBytes: 500 * MEBIBYTE,
  };
  const own = trainerActivities(dependencies);
  const activities = options.trainer?.(own, dependencies) ?? own;
  const common = {
    connection: native,
    namespace,
    interceptors: { activity: [() => ({ inbound: new Boundary() })] },
    shutdownGraceTime: '1s',
  };
  const orchestrator = () =>
    Worker.create({
      ...common,
      taskQueue: queues.orchestrator,
      workflowBundle: workflowBundle(),
      activities: orchestratorActivities({
        store: seen,
        isOpen,
        code: { test: 'yes' },
        temporal: temporalCalls(new Client({ connection: native, namespace })),
      }),
    });
  const workers = await Promise.all([
    ...(options.orchestrator === false ? [] : [orchestrator()]),
    ...[queues.trainer, queues.candidates].map((taskQueue) =>
      Worker.create({ ...common, taskQueue, activities, maxConcurrentActivityTaskExecutions: 8 }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());
  const client = await connect({ environment });

  return {
    environment,
    client,
    temporal,
    store,
    dependencies,
    folder,
    write(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await client.close();
      await pool.close();
      await connection.close();
      await native.close();
      await store.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function isOpen(workflowId: string): Promise<boolean> {
    return (await temporal.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  }
}

let silenced = false;

/** Failed activities are what these tests provoke: the SDK need not tell. Once a process, before anything native. */
function silence(): void {
  if (silenced) return;
  silenced = true;
  const ignore = (): void => undefined;
  Runtime.install({
    shutdownSignals: [],
    logger: { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
}
