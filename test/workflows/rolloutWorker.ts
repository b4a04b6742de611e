import { appendFileSync, readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Boundary } from '../../activities/boundary.ts';
import { observeActivities } from '../../activities/observe.ts';
import { rolloutActivities } from '../../activities/rollout.ts';
import { routeActivities } from '../../activities/route.ts';
import { openStore } from '../../store/open.ts';
import { queues } from '../../workflows/messages.ts';
import { aroundCommits } from './commits.ts';

/**
 * An orchestrator that kills itself at the places named in `rolloutWorker.ts <settings>`: `before <commit>` or `after
 * <commit>`, each once in the life of the file of deaths. It loads what a rollout needs alone: it is started often.
 */
export interface Settings {
  address: string;
  namespace: string;
  databaseUrl: string;
  codePath: string;
  deaths: string;
  places: string[];
}

const settings = JSON.parse(process.argv[2]) as Settings;
const { address, namespace } = settings;
const own = await openStore(settings.databaseUrl, namespace);
const store = aroundCommits(own, async (commit, call) => {
  dieAt(`before ${commit}`);
  const result = await call();
  dieAt(`after ${commit}`);
  return result;
});
const connection = await NativeConnection.connect({ address });
const client = new Client({ connection: await Connection.connect({ address }), namespace });
const dependencies = { store, isOpen, code: {} };
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: queues.orchestrator,
  workflowBundle: { codePath: settings.codePath },
  activities: {
    ...rolloutActivities(dependencies),
    ...routeActivities(dependencies),
    ...observeActivities(dependencies),
  },
  interceptors: { activity: [() => ({ inbound: new Boundary() })] },
  shutdownGraceTime: '1s',
});
process.once('SIGTERM', () => worker.shutdown());
await worker.run();
process.exit(0);

function dieAt(place: string): void {
  if (!settings.places.includes(place)) return;
  if (readFileSync(settings.deaths, 'utf8').split('\n').includes(place)) return;
  appendFileSync(settings.deaths, `${place}\n`);
  process.kill(process.pid, 'SIGKILL');
}

async function isOpen(workflowId: string): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
}
