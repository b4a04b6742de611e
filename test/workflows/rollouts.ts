import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { openSession, type ModelSession } from '../../compute/session.ts';
import { canarySchema, type CanaryInput } from '../../decisions/canary/policy.ts';
import type { Arm, PredictionRecord } from '../../store/predictionTypes.ts';
import { encodePrediction } from '../../store/predictionTuple.ts';
import type { RouteRow } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { isChallengers } from '../../serving/assign.ts';
import { ids, queues } from '../../workflows/messages.ts';
import {
  rolloutOrders,
  rolloutQuery,
  type RolloutInput,
  type RolloutOrderName,
  type RolloutPhase,
  type RolloutProgress,
} from '../../workflows/rolloutMessages.ts';
import type { rollout } from '../../workflows/rollout.ts';
import { registerModel, someBatch, tinyModel, type TinyOptions } from '../serving/fixtures.ts';
import type { Bench } from './bench.ts';

/** Rollouts without gateways: predictions and labels are put where gateways put them, by the route as it is. */

/** Two versions, of which the first is champion. */
export async function twoVersions(store: Store, name: string, options: TinyOptions = {}): Promise<void> {
  for (const seed of [1, 2]) await registerModel(store, name, await tinyModel({ ...options, seed }));
}

/** A second between looks, guards that some hundred keys satisfy, and no probation unless asked for. */
export const QUICK = {
  everyMs: 1_000,
  minDurationMs: 0,
  probationMs: 0,
  guards: { errors: { maxRatio: 20, margin: 0.3 }, latency: false },
} satisfies CanaryInput;

export interface StartedRollout {
  id: string;
  number: number;
  handle: WorkflowHandleWithFirstExecutionRunId<typeof rollout>;
  progress: () => Promise<RolloutProgress>;
  order: (name: RolloutOrderName, reason?: string) => Promise<RolloutProgress>;
  until: (phase: RolloutPhase) => Promise<void>;
}

export async function startRollout(
  { store, temporal }: Pick<Bench, 'store' | 'temporal'>,
  name: string,
  policy: CanaryInput = {},
  more: Partial<RolloutInput> = {},
): Promise<StartedRollout> {
  const number = await store.rollouts.nextNumber(name);
  const input: RolloutInput = {
    name,
    number,
    challengerVersion: 2,
    policy: canarySchema.parse({ ...QUICK, ...policy }),
    startedBy: 'tester',
    ...more,
  };
  const id = ids.rollout(name, number);
  const handle = await temporal.workflow.start<typeof rollout>('rollout', {
    workflowId: id,
    taskQueue: queues.orchestrator,
    args: [input],
  });
  const progress = () => handle.query(rolloutQuery);
  return {
    id,
    number,
    handle,
    progress,
    order: (order, reason = `a test says ${order}`) =>
      handle.executeUpdate(rolloutOrders[order], { args: [{ actor: 'ann', reason }] }),
    until: (phase) =>
      eventually(async () => {
        const now = await progress();
        if (now.phase !== phase) throw new Error(`not ${phase} yet: ${JSON.stringify(now)}`);
      }),
  };
}

const PATIENCE_MS = 150_000;

/** `expect.poll` asks which test it is in, and of several at a time that is any of them. */
export async function eventually(assertion: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(100);
    }
  }
}

/** How the versions behave; shares of their keys. */
export interface Behaviour {
  /** New keys, and how often they come. */
  keys?: number;
  tickMs?: number;
  errors?: Partial<Record<1 | 2, number>>;
  /** In place of the assignment by the route. */
  assign?: (key: string, route: RouteRow) => boolean;
  /** Logs the inputs and tells at once what was true. */
  truth?: (batch: Row, index: number) => Promise<string | number | boolean>;
}

type Row = ReturnType<typeof someBatch>;

export interface Traffic {
  stop: () => Promise<void>;
}

const flowing = new Set<Traffic>();

/** Of a test that failed half-way; before its store is closed. */
export async function stopTraffic(): Promise<void> {
  await Promise.all([...flowing].map((traffic) => traffic.stop()));
}

/** Requests, each with a key of its own, answered as the route says, until stopped. */
export function serve(store: Store, name: string, behaviour: Behaviour = {}): Traffic {
  const { keys = 60, tickMs = 100, errors = {}, truth } = behaviour;
  const pool = someBatch(500, 7);
  const stopped = new AbortController();
  let requests = 0;
  const ended = run();
  const traffic: Traffic = {
    stop() {
      stopped.abort();
      flowing.delete(traffic);
      return ended;
    },
  };
  flowing.add(traffic);
  return traffic;

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await tick();
      await pause(tickMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  async function tick(): Promise<void> {
    const route = await store.routes.get(name);
    if (!route) throw new Error(`no route ${name}`);
    if (keys === 0) return;
    const rows = Array.from({ length: keys }, () => ({ index: requests % pool.rows, key: `k${requests++}` }));
    const records = rows.map(({ index, key }) => recordOf(route, index, key));
    await append(store, records);
    if (!truth) return;
    const labels = await Promise.all(
      rows.map(async ({ index, key }) => ({ key, value: await truth(rowOf(index), index) })),
    );
    await store.labels.put(name, labels);
  }

  function recordOf(route: RouteRow, index: number, key: string): PredictionRecord {
    const challenger =
      route.challengerVersion !== undefined &&
      (behaviour.assign?.(key, route) ?? isChallengers(route.rolloutId ?? '', key, route.weight));
    const version = challenger ? (route.challengerVersion as number) : route.championVersion;
    const arm: Arm = challenger ? 'challenger' : 'champion';
    // Spread evenly over the keys of each arm, whatever keys these are.
    const failed = (requests * 0.618_034 + index * 0.754_877) % 1 < (errors[version as 1 | 2] ?? 0);
    return {
      at: Date.now(),
      requestId: randomUUID(),
      name,
      version,
      arm,
      rolloutId: route.rolloutId,
      stage: route.stage,
      rows: 1,
      keys: [key],
      inputs: route.logInputs ? { batch: rowOf(index) } : undefined,
      outputs: failed ? undefined : Float32Array.of(0.5),
      status: failed ? 500 : 0,
      latencyUs: 500,
    };
  }

  function rowOf(index: number): Row {
    return {
      rows: 1,
      columns: Object.fromEntries(
        Object.entries(pool.columns).map(([column, values]) => [column, values.slice(index, index + 1)]),
      ),
    };
  }
}

/** A gateway that is alive until stopped, and has loaded what the caller puts into `loaded`. */
export function keepGateway(store: Store, url: string) {
  const loaded: string[] = [];
  const failed: { model: string; reason: string }[] = [];
  const stopped = new AbortController();
  const id = randomUUID();
  const startedAt = new Date().toISOString();
  const renew = () =>
    store.gateways.renew({ id, url, pid: process.pid, startedAt, revisions: {}, loaded, failed, dropped: 0 });
  const first = renew();
  const ended = (async () => {
    await first;
    while (!stopped.signal.aborted) {
      await pause(200, undefined, { signal: stopped.signal }).catch(() => undefined);
      await renew();
    }
    await store.gateways.remove(id);
  })();
  return {
    /** Resolves when it is known. */
    alive: first,
    loaded,
    failed,
    stop() {
      stopped.abort();
      return ended;
    },
  };
}

/** What a rollout left behind, or has made so far. */
export async function leftBy(store: Store, name: string, number = 1) {
  const [route, history, row, looks, audit] = await Promise.all([
    store.routes.get(name),
    store.routes.history(name),
    store.rollouts.get(name, number),
    store.rollouts.looks(name, number),
    store.audit.list(ids.rollout(name, number)),
  ]);
  return {
    route,
    /** Oldest first. */
    states: history.reverse().map(stateOf),
    history,
    row,
    looks,
    /** Oldest first. */
    audit: audit.reverse().map(({ action, actor }) => (actor === 'ann' ? `${action} by ann` : action)),
  };
}

/** A route for people: `1 +2 at 0.1`, `2 standby 1`. */
function stateOf({ championVersion, challengerVersion, standbyVersion, weight }: RouteRow): string {
  const beside = challengerVersion === undefined ? '' : ` +${challengerVersion} at ${weight}`;
  return `${championVersion}${beside}${standbyVersion === undefined ? '' : ` standby ${standbyVersion}`}`;
}

export async function append(store: Store, records: readonly PredictionRecord[]): Promise<void> {
  const days = new Set(records.map(({ at }) => new Date(at).toISOString().slice(0, 10)));
  await store.predictions.append(randomUUID(), [...days], records.map(encodePrediction));
}

/** What a version says of a row: labels that agree with it make it perfect. */
export async function answersOf(
  store: Store,
  name: string,
  version: number,
): Promise<{ label: (row: Row) => Promise<boolean>; close: () => Promise<void> }> {
  const model = await store.registry.get(name, version);
  const session: ModelSession = await openSession(await store.artifacts.get(model?.digest ?? ''));
  return {
    async label(row) {
      const { labels } = await session.predict(row);
      return labels?.[0] === 1;
    },
    close: () => session.release(),
  };
}
