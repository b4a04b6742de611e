import { readStack } from '../embedded/stackFile.ts';
import type { DelayedEventRow } from '../store/lifecycleTypes.ts';
import type { RolloutRow } from '../store/rolloutTypes.ts';
import type { GatewayRow } from '../store/routeTypes.ts';
import type { RunRow } from '../store/types.ts';
import { queues } from '../workflows/messages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';

/** What answers, who works, and what is under way. */
export interface Status {
  home: string;
  namespace: string;
  temporal: { address: string; server: string; embedded: boolean; uiUrl?: string };
  database: { embedded: boolean };
  /** Processes that have asked for work within the last minutes. */
  workers: { orchestrators: number; trainers: number };
  running: RunRow[];
  /** Gateways that are alive, newest first. */
  gateways: GatewayRow[];
  /** Rollouts that are under way. */
  rollouts: RolloutRow[];
  /** Events that their lifecycles could not be told of so far. */
  delayedEvents: DelayedEventRow[];
}

export async function readStatus(context: ClientContext): Promise<Status> {
  const { client, environment, namespace, store } = context;
  const stack = readStack(environment.home);
  const [system, orchestrators, trainers, runs, gateways, rollouts, delayedEvents] = await Promise.all([
    client.workflowService.getSystemInfo({}).catch((error: unknown) => {
      throw fromFailure(error);
    }),
    countPollers(context, queues.orchestrator, WORKFLOW),
    countPollers(context, queues.trainer, ACTIVITY),
    store.runs.list(undefined, 100),
    store.gateways.list(),
    store.rollouts.list(undefined, 100),
    store.lifecycles.delayedEvents(),
  ]);
  return {
    home: environment.home,
    namespace,
    temporal: {
      address: environment.temporalAddress ?? stack?.temporalAddress ?? '',
      server: system.serverVersion ?? '',
      embedded: environment.temporalAddress === undefined,
      uiUrl: stack?.uiUrl,
    },
    database: { embedded: environment.databaseUrl === undefined },
    workers: { orchestrators, trainers },
    running: runs.filter((run) => run.status === 'running'),
    gateways: gateways.filter((gateway) => gateway.alive),
    rollouts: rollouts.filter((rollout) => rollout.status === 'running'),
    delayedEvents,
  };
}

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW = 1;
const ACTIVITY = 2;

async function countPollers(
  { client, namespace }: ClientContext,
  name: string,
  taskQueueType: number,
): Promise<number> {
  const { pollers } = await client.workflowService
    .describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType })
    .catch((error: unknown) => {
      throw fromFailure(error);
    });
  return new Set(pollers?.map((poller) => poller.identity)).size;
}
