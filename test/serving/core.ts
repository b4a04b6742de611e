import pg from 'pg';
import { expect, inject } from 'vitest';
import { createAdmission } from '../../serving/admission.ts';
import { createBatcher, type Batcher } from '../../serving/batch.ts';
import { openInference } from '../../serving/inference.ts';
import { holdLease, type Lease, type LeaseOptions } from '../../serving/lease.ts';
import { openModels, type Models, type ModelsOptions } from '../../serving/models.ts';
import { followRoutes, type ActiveRoute, type Routing } from '../../serving/routing.ts';
import type { GatewayLimits, Inference, InferRequest, PredictionLog } from '../../serving/types.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';
import type { RouteChange, RouteRow } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { someBatch } from './fixtures.ts';

/** What stands behind `Inference`, on a real store, with a log that keeps its records here. */
export interface Core {
  inference: Inference;
  models: Models;
  routing: Routing;
  lease: Lease;
  records: PredictionRecord[];
  /** What happened, in order: `take over late 2`, `load late@2`, `release late@1`, `fail late@2`. */
  events: string[];
  close(): Promise<void>;
}

export interface CoreOptions {
  limits?: Partial<Pick<GatewayLimits, 'maxRows' | 'maxRowsUnderWay' | 'maxRequestsUnderWay'>>;
  models?: ModelsOptions;
  lease?: Pick<LeaseOptions, 'renewEveryMs' | 'leaseMs'>;
  /** Puts something between the inference and its batcher. */
  batcher?: (own: Batcher) => Batcher;
  answerTimeoutMs?: number;
  onTakeOver?: (active: ActiveRoute) => void;
  onRecord?: (record: PredictionRecord) => void;
}

export async function openCore(store: Store, options: CoreOptions = {}): Promise<Core> {
  const events: string[] = [];
  const records: PredictionRecord[] = [];
  const log: PredictionLog = {
    add(record) {
      options.onRecord?.(record);
      records.push(record);
    },
    dropped: 0,
    pendingBytes: 0,
    flush: async () => undefined,
    close: async () => undefined,
  };
  const models = openModels(store, {
    ...options.models,
    onLoad: ({ row }) => events.push(`load ${row.name}@${row.version}`),
    onRelease: (row) => events.push(`release ${row.name}@${row.version}`),
    onFailure: (name, version) => events.push(`fail ${name}@${version}`),
  });
  const routing = await followRoutes(store.routes, models, {
    onTakeOver(active) {
      events.push(`take over ${active.route.name} ${active.route.revision}`);
      options.onTakeOver?.(active);
    },
  });
  const lease = holdLease(store.gateways, {
    ...options.lease,
    state: () => ({
      id: 'gateway-1',
      url: 'http://127.0.0.1:1',
      pid: process.pid,
      startedAt: '2026-01-01T00:00:00.000Z',
      revisions: routing.revisions(),
      loaded: models.loaded(),
      failed: models.failed(),
      dropped: 0,
    }),
    async refresh() {
      await routing.refresh();
      models.sweep();
    },
  });
  await routing.settled;
  const own = createBatcher();
  const inference = openInference({
    registry: store.registry,
    models,
    routing,
    lease,
    admission: createAdmission({ maxRowsUnderWay: 10_000, maxRequestsUnderWay: 1_000, ...options.limits }),
    batcher: options.batcher?.(own) ?? own,
    log,
    limits: { maxRows: 10_000, ...options.limits },
    answerTimeoutMs: options.answerTimeoutMs,
  });
  return {
    inference,
    models,
    routing,
    lease,
    records,
    events,
    async close() {
      await lease.close();
      await routing.close();
      await models.close();
    },
  };
}

let requests = 0;

/** A request of one row, with a new id. */
export function someRequest(name: string, request: Partial<InferRequest> = {}): InferRequest {
  return {
    name,
    requestId: `request-${requests++}`,
    batch: someBatch(1),
    receivedMs: performance.now(),
    ...request,
  };
}

/** Changes a model's route to this; what is not named is as it was, and `undefined` takes away. */
export async function changeRoute(
  store: Store,
  name: string,
  change: Partial<RouteChange>,
): Promise<RouteRow> {
  const { revision, ...route } = (await store.routes.get(name)) as RouteRow;
  return store.routes.change({
    ...route,
    expectedRevision: revision,
    holder: route.rolloutId,
    actor: 'tester',
    reason: 'a test',
    idempotencyKey: `${name}/${revision + 1}`,
    ...change,
  });
}

/**
 * Nobody can connect to the database and every connection of a store ends, as with a server that is gone.
 *
 * @returns gives it back
 */
export async function takeDatabaseAway(url: string): Promise<() => Promise<void>> {
  const database = new URL(url).pathname.slice(1);
  const asSuperuser = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: inject('databaseUrl') });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await asSuperuser(
    `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'perennial%'`,
  );
  return () => asSuperuser(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
}

/** Waits for what comes to be, however loaded the machine is. */
export function until<T>(what: () => T) {
  return expect.poll(what, { timeout: 30_000, interval: 10 });
}
