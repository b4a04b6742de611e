import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Boundary } from '../activities/boundary.ts';
import { orchestratorActivities } from '../activities/orchestrator.ts';
import { readEnvironment } from '../config/environment.ts';
import { temporalConnection } from '../config/temporal.ts';
import { openStore } from '../store/open.ts';
import { queues } from '../workflows/messages.ts';
import { bundleWorkflowsApart } from './bundleApart.ts';
import { databaseUrlOf } from './database.ts';
import { relayEvents } from './eventRelay.ts';
import { codeLineage } from '../compute/lineage.ts';
import { runUntilStopped, startLog } from './process.ts';
import { temporalCalls } from './temporalCalls.ts';

/** The process that runs workflows and short activities on our own tables. */
const environment = readEnvironment();
const log = startLog('orchestrator', environment);
const { connection: options, namespace } = temporalConnection(environment);
const [connection, workflowBundle, store] = await Promise.all([
  NativeConnection.connect(options),
  bundleWorkflowsApart(),
  openStore(databaseUrlOf(environment), environment.namespace),
]);
const client = new Client({ connection, namespace });

const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: queues.orchestrator,
  workflowBundle,
  activities: orchestratorActivities({
    store,
    isOpen,
    code: await codeLineage(),
    temporal: temporalCalls(client),
  }),
  interceptors: { activity: [() => ({ inbound: new Boundary() })] },
  shutdownGraceTime: '5s',
});
const relay = relayEvents({ lifecycles: store.lifecycles, temporal: client, log });
await runUntilStopped([worker], log, [() => connection.close(), () => store.close(), () => relay.close()]);

async function isOpen(workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
