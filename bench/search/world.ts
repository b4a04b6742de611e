import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { connect, type PerennialClient } from '../../client/client.ts';
import { csv, defineLifecycle, passthrough } from '../../config/define.ts';
import { readEnvironment } from '../../config/environment.ts';
import { startStack, type Stack } from '../../embedded/supervisor.ts';
import { openStore } from '../../store/open.ts';
import type { FitSet } from '../fit/data.ts';
import type { Grid, SearchedLearner } from './grid.ts';
import type { Found } from './peer.ts';
import { peakOf, usageOf, type Usage } from './usage.ts';

/** A stack of real processes in a home of its own. */
export interface World {
  stack: Stack;
  client: PerennialClient;
  temporal: Client;
  home: string;
  stop(): Promise<void>;
}

export interface Searched extends Found {
  /** Of the whole run: reading the data, checks, features, search, refit, evaluation and registration. */
  runSeconds: number;
  /** Of the search alone. */
  searchSeconds: number;
  candidates: number;
  /** Child workflows of the search. */
  children: number;
  /** By their own clocks: of all candidates, of which several may have run at the same time. */
  fitSeconds: number;
  /**
   * Processor: of all worker processes, in the whole run. Memory: of those that a search needs, the orchestrator and the
   * trainers, from the beginning of the search to the end of the refit.
   */
  usage?: Usage;
  /** The most memory of the whole run, by kind of process, and of all but the servers together. */
  memory?: Record<Kind | 'all', number>;
  /** Of Temporal's server and Postgres. */
  servers?: Usage;
}

export type Kind = 'orchestrator' | 'trainer' | 'gateway' | 'servers';

/** @param threads that each trainer computes with */
export async function openWorld({
  threads,
  trainers,
}: Record<'threads' | 'trainers', number>): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-search-'));
  const environment = {
    ...readEnvironment(),
    ...{ home, threads, temporalAddress: undefined, databaseUrl: undefined },
  };
  const stack = await startStack({
    environment,
    workers: { trainer: trainers },
    signal: new AbortController().signal,
  });
  const { temporalAddress, databaseUrl, namespace } = stack.info;
  const connection = await Connection.connect({ address: temporalAddress });
  const client = await connect({ environment: { ...environment, temporalAddress, databaseUrl } });
  // Whoever interrupts a measurement must not be left with its servers.
  const interrupt = (): void => void world.stop().finally(() => process.exit(1));
  for (const signal of SIGNALS) process.once(signal, interrupt);
  const world: World = {
    ...{ stack, client, temporal: new Client({ connection, namespace }), home },
    async stop() {
      for (const signal of SIGNALS) process.off(signal, interrupt);
      await client.close();
      await connection.close();
      await stack.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return world;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface SearchWork {
  /** Of the lifecycle. */
  name: string;
  learner: SearchedLearner;
  grid: Grid;
  folds: number;
  parallelism: number;
}

/**
 * One training by the workflows: the first `fitted` rows are searched on, the rest is the hold-out. Every call is a new
 * run, of which the snapshot of the data alone is there already.
 */
export async function searchOnce(
  { client, temporal, stack, home }: World,
  set: FitSet,
  work: SearchWork,
): Promise<Searched> {
  const columns = Array.from({ length: set.columns }, (_, i) => `x${i}`);
  const { learner, grid, folds, parallelism, name } = work;
  const definition = defineLifecycle({
    name,
    sources: { rows: csv(writeCsv(home, set, columns)) },
    target: 'y',
    key: 'id',
    time: 'at',
    features: [passthrough(...columns)],
    search: [{ learner, grid }],
    select: { metric: 'accuracy', folds },
    split: { by: 'moment', from: timeOf(set.fitted) },
    parallelism,
  });
  const pidsOf = (kind: Kind) => () =>
    Object.entries(stack.info.parts).flatMap(([part, { pid }]) => (kindOf(part) === kind ? [pid] : []));
  const { result, usage, looks } = await usageOf(
    {
      orchestrator: pidsOf('orchestrator'),
      trainer: pidsOf('trainer'),
      gateway: pidsOf('gateway'),
      servers: pidsOf('servers'),
    },
    async () => {
      const training = await client.train(definition);
      const result = await training.result();
      if (result.outcome !== 'registered')
        throw new Error(`${name} ended ${result.outcome}: ${result.reason}`);
      return training;
    },
  );
  const { name: lifecycle, run, workflowId } = result;
  const summary = await client.summary(lifecycle, run);
  const { begun, searched, refitted } = await spansOf(temporal.workflow.getHandle(workflowId));
  const needed: Kind[] = ['orchestrator', 'trainer'];
  return {
    seconds: refitted - begun,
    searchSeconds: searched - begun,
    runSeconds: summary.durationMs / 1000,
    candidates: summary.leaderboard.length,
    children: await childrenOf(temporal.workflow.getHandle(`${workflowId}/search`)),
    fitSeconds: await fitSecondsOf(stack, lifecycle, run),
    cv: summary.leaderboard[0].cv,
    accuracy: summary.metrics.accuracy ?? NaN,
    best: summary.leaderboard[0].params,
    ...(usage && {
      usage: {
        cpuSeconds: WORKERS.reduce((sum, kind) => sum + usage[kind].cpuSeconds, 0),
        peakMebibytes: peakOf(looks, needed, { from: 1000 * begun, to: 1000 * refitted }),
      },
      memory: {
        orchestrator: usage.orchestrator.peakMebibytes,
        trainer: usage.trainer.peakMebibytes,
        gateway: usage.gateway.peakMebibytes,
        servers: usage.servers.peakMebibytes,
        all: peakOf(looks, WORKERS),
      },
      servers: usage.servers,
    }),
  };
}

const WORKERS: Kind[] = ['orchestrator', 'trainer', 'gateway'];

function kindOf(part: string): Kind {
  return WORKERS.find((kind) => part.startsWith(kind)) ?? 'servers';
}

async function fitSecondsOf({ info }: Stack, name: string, run: number): Promise<number> {
  const store = await openStore(info.databaseUrl, info.namespace);
  try {
    const candidates = await store.candidates.list(name, run);
    return candidates.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0) / 1000;
  } finally {
    await store.close();
  }
}

/** From the history of a training: what GridSearchCV does begins with the search and ends with the refit. */
async function spansOf(training: WorkflowHandle): Promise<Record<'begun' | 'searched' | 'refitted', number>> {
  const { events } = await training.fetchHistory();
  const at = (event: NonNullable<typeof events>[number] | undefined): number => {
    if (!event?.eventTime)
      throw new Error(`The history of ${training.workflowId} lacks its search or its refit.`);
    return Number(event.eventTime.seconds) + (event.eventTime.nanos ?? 0) / 1e9;
  };
  const begun = at(events?.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes));
  const searched = at(events?.find((event) => event.childWorkflowExecutionCompletedEventAttributes));
  const refit = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'refit',
  );
  const refitted = at(
    events?.find((event) =>
      event.activityTaskCompletedEventAttributes?.scheduledEventId?.equals(refit?.eventId ?? -1),
    ),
  );
  return { begun, searched, refitted };
}

async function childrenOf(search: WorkflowHandle): Promise<number> {
  const { events } = await search.fetchHistory();
  return (events ?? []).filter((event) => event.childWorkflowExecutionCompletedEventAttributes).length;
}

/** Rows have the time at which they stand in the table, so that the split by a moment is the peer's. */
function writeCsv(
  home: string,
  { name, x, y, rows, columns: width }: FitSet,
  columns: readonly string[],
): string {
  const path = join(home, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.csv`);
  const lines = [`id,at,y,${columns.join(',')}`];
  for (let row = 0; row < rows; row++)
    lines.push(`${row},${timeOf(row)},${y[row]},${x.subarray(row * width, (row + 1) * width).join(',')}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function timeOf(row: number): string {
  return new Date(Date.UTC(2000, 0, 1) + row * 1000).toISOString().slice(0, 19);
}
