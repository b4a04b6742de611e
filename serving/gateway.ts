import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { v7 } from 'uuid';
import { PerennialError } from '../config/errors.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';
import { isLoopback, urlOf } from './address.ts';
import { createAdmission } from './admission.ts';
import { createBatcher } from './batch.ts';
import { openInference } from './inference.ts';
import { labelRoutes } from './labels.ts';
import { holdLease, type Lease } from './lease.ts';
import { DEFAULT_LIMITS } from './defaults.ts';
import { openPredictionLog } from './log/log.ts';
import { createMetrics } from './metrics.ts';
import { openModels } from './models.ts';
import { predictionRoutes } from './predictionApi.ts';
import { keepRetention } from './retention.ts';
import { followRoutes, type Routing } from './routing.ts';
import { buildServer } from './server.ts';
import type { GatewayLimits, Inference } from './types.ts';
import { v2Routes } from './v2/routes.ts';

export interface GatewayOptions {
  databaseUrl: string;
  /** The installation's. */
  namespace: string;
  /** Where predictions wait for the database; gateways of one home share it. */
  directory: string;
  /** Default 127.0.0.1. Beyond loopback every caller needs an API key. */
  host?: string;
  /** Default 0: any that is free. */
  port?: number;
  /** Of this program. */
  version: string;
  limits?: Partial<GatewayLimits>;
  log: Logger;
  /** Between saying that it is not ready and taking nothing more, for load balancers that ask now and then. Default 0. */
  drainGraceMs?: number;
  renewEveryMs?: number;
  leaseMs?: number;
}

export interface Gateway {
  readonly id: string;
  readonly url: string;
  readonly inference: Inference;
  /**
   * Says that it is not ready, takes nothing more after the grace, finishes what it took, ships the predictions, and
   * leaves. May be called twice.
   */
  close(): Promise<void>;
}

/**
 * One gateway process: everything loaded, listening, its lease held.
 *
 * @throws PerennialError STACK_UNAVAILABLE, SCHEMA_TOO_NEW; INVALID_INPUT where it would listen beyond loopback and
 *   there is no API key yet, or where the address cannot be listened at
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).reverse())
      await end().catch((error: unknown) => log.warn({ err: error }, 'closing failed'));
  };
  try {
    const store = await openStore(options.databaseUrl, options.namespace, {
      applicationName: 'perennial-gateway',
      onConnectionError: (error) => log.warn({ err: error }, 'a database connection was lost'),
    });
    closers.push(() => store.close());
    const requireKeys = !(await isLoopback(host));
    if (requireKeys) await demandKey(store, host);

    const models = openModels(store, {
      onLoad: ({ row, sliceRows }, ms) =>
        log.info({ model: `${row.name}@${row.version}`, ms: Math.round(ms), sliceRows }, 'loaded'),
      onRelease: (row) => log.info({ model: `${row.name}@${row.version}` }, 'released'),
      onFailure: (name, version, error) =>
        log.error(
          { model: `${name}@${version}`, code: error.code, reason: error.message },
          'cannot be loaded',
        ),
    });
    closers.push(() => models.close());
    const predictions = await openPredictionLog({
      directory: options.directory,
      store: store.predictions,
      onProblem: (message, error) => log.error({ err: error }, message),
    });
    closers.push(() => predictions.close(SHIP_WITHIN_MS));
    const retention = keepRetention({
      store,
      onDropped: (dropped) => log.info(dropped, 'old predictions and labels dropped'),
      onProblem: (error) => log.warn({ err: error }, 'old predictions and labels could not be dropped'),
    });
    closers.push(() => retention.close());

    let lease: Lease | undefined;
    const routing = await followRoutes(store.routes, models, {
      onTakeOver({ route }) {
        log.info({ route }, 'route taken over');
        lease?.hurry();
      },
      onError: (error) => log.warn({ err: error }, 'a route could not be read'),
    });
    closers.push(() => routing.close());
    await settle(routing);

    const admission = createAdmission(limits);
    const metrics = createMetrics({ log: predictions, admission, models, routing });
    const inference = openInference({
      registry: store.registry,
      models,
      routing,
      lease: { holds: () => lease?.holds() ?? false },
      admission,
      batcher: createBatcher(),
      log: predictions,
      limits,
      onPart: metrics.countPart,
      onLogError: (error) => log.error({ err: error }, 'a prediction could not be logged'),
    });
    let stopping = false;
    const notReady = (): string | undefined => (stopping ? 'The gateway is stopping.' : undefined);
    const server = await buildServer({
      inference,
      store,
      limits,
      requireKeys,
      host,
      notReady,
      version: options.version,
      metrics,
      log,
      plugins: [
        (app) => v2Routes(app, { inference, limits, version: options.version, isReady: () => !stopping }),
        (app) => labelRoutes(app, { store, limits }),
        (app) => predictionRoutes(app, { store }),
      ],
    });
    await server.listen({ host, port: options.port ?? 0 }).catch((cause: unknown) => {
      throw cannotListen(host, options.port ?? 0, cause);
    });
    const id = v7();
    const url = urlOf(host, (server.server.address() as AddressInfo).port);
    const startedAt = new Date().toISOString();
    const holding = (lease = holdLease(store.gateways, {
      state: () => ({
        id,
        url,
        pid: process.pid,
        startedAt,
        revisions: routing.revisions(),
        loaded: models.loaded(),
        failed: models.failed(),
        dropped: predictions.dropped,
      }),
      async refresh() {
        await routing.refresh();
        models.sweep();
      },
      renewEveryMs: options.renewEveryMs,
      leaseMs: options.leaseMs,
      onLost: (error) => log.error({ err: error }, 'the lease is lost: champions alone until it is renewed'),
      onFound: () => log.info('the lease is renewed'),
    }));
    closers.push(() => holding.close());
    closers.push(async () => {
      stopping = true;
      await setTimeout(options.drainGraceMs ?? 0);
      // A caller who stopped in the middle of sending must not hold up the end.
      const late = globalThis.setTimeout(() => server.server.closeAllConnections(), FINISH_WITHIN_MS);
      await server.close();
      clearTimeout(late);
      admission.close();
      await admission.idle();
    });
    let closed: Promise<void> | undefined;
    return { id, url, inference, close: () => (closed ??= close()) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Reads routes until every champion is loaded or broken; what failed for want of a database is tried again. */
async function settle(routing: Routing): Promise<void> {
  const done = new AbortController();
  void routing.settled.then(() => done.abort());
  while (!done.signal.aborted) {
    await routing.refresh();
    await setTimeout(1_000, undefined, { signal: done.signal }).catch(() => undefined);
  }
}

async function demandKey(store: Pick<Store, 'keys'>, host: string): Promise<void> {
  if ((await store.keys.list()).some(({ revokedAt }) => revokedAt === undefined)) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `The gateway is to listen at ${host}, where others can reach it, and there is no API key yet.`,
    {
      field: 'PERENNIAL_GATEWAY_HOST',
      value: host,
      expected: 'a key first (`perennial keys create`), or 127.0.0.1',
    },
  );
}

function cannotListen(host: string, port: number, cause: unknown): PerennialError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PerennialError('INVALID_INPUT', `The gateway cannot listen at ${host}, port ${port}: ${why}.`, {
    field: port === 0 ? 'PERENNIAL_GATEWAY_HOST' : 'PERENNIAL_GATEWAY_PORT',
    value: port === 0 ? host : port,
    expected: 'an address of this machine and a port that is free',
    cause,
  });
}

const FINISH_WITHIN_MS = 15_000;
const SHIP_WITHIN_MS = 5_000;
