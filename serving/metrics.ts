import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Arm } from '../store/predictionTypes.ts';
import type { Admission } from './admission.ts';
import type { Models } from './models.ts';
import type { Routing } from './routing.ts';
import type { PredictionLog } from './types.ts';

/** One answer of one version, or its failure, as `openInference` tells it. */
export interface AnsweredPart {
  name: string;
  version: number;
  arm: Arm;
  rows: number;
  /** 0: answered. */
  status: number;
  latencyUs: number;
}

/** What is read when somebody asks. */
export interface MetricSources {
  log: Pick<PredictionLog, 'pendingBytes' | 'dropped'>;
  admission: Pick<Admission, 'requests' | 'rows'>;
  models: Pick<Models, 'loaded' | 'failed'>;
  routing: Pick<Routing, 'active' | 'revisions'>;
}

export interface Metrics {
  registry: Registry;
  countPart: (part: AnsweredPart) => void;
  countHttp: (method: string, route: string, status: number) => void;
}

/**
 * What Prometheus reads of one gateway, in a registry of its own. Labels come from what is known, never from what a
 * caller writes: models and versions that have answered, and the patterns of routes.
 */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addGauges(registry, sources);
  return { registry, countPart: partCounters(registry), countHttp: httpCounter(registry) };
}

/** `GET /metrics`, and a count of every answer. */
export function addMetrics(server: FastifyInstance, { registry, countHttp }: Metrics): void {
  server.addHook('onResponse', (request, reply, done) => {
    countHttp(request.method, request.routeOptions.url ?? 'none', reply.statusCode);
    done();
  });
  server.get('/metrics', { config: { role: 'operate' } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

/** One row takes under a millisecond, 1,000 rows some ten. */
const LATENCY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

/**
 * Of (model, version, arm, status). A gateway that lives for years would collect every version that ever served: the
 * oldest are dropped. One that answers again begins at 0, which Prometheus takes for a restart.
 */
export const MAX_SERIES = 500;

const PART = ['model', 'version', 'arm'] as const;

/** Counters are found once for each series: finding them costs more than counting does. */
function partCounters(registry: Registry): Metrics['countPart'] {
  const registers = [registry];
  const requests = new Counter({
    name: 'perennial_predictions_total',
    help: 'Answers, one for each version that took part in a request. outcome: ok, or the HTTP status of the failure.',
    labelNames: [...PART, 'outcome'],
    registers,
  });
  const rows = new Counter({
    name: 'perennial_prediction_rows_total',
    help: 'Rows that were answered.',
    labelNames: PART,
    registers,
  });
  const latency = new Histogram({
    name: 'perennial_prediction_seconds',
    help: 'From the last byte of the request to its answer.',
    labelNames: PART,
    buckets: LATENCY_SECONDS,
    registers,
  });
  const size = new Histogram({
    name: 'perennial_prediction_batch_rows',
    help: 'Rows of one answer.',
    labelNames: ['model'],
    buckets: ROWS,
    registers,
  });

  const open = ({ name, version, arm, status }: AnsweredPart) => {
    const labels = { model: name, version: String(version), arm };
    const withOutcome = { ...labels, outcome: status === 0 ? 'ok' : String(status) };
    return {
      requests: requests.labels(withOutcome),
      rows: rows.labels(labels),
      latency: latency.labels(labels),
      size: size.labels({ model: name }),
      drop() {
        requests.remove(withOutcome);
        rows.remove(labels);
        latency.remove(labels);
      },
    };
  };
  const series = new Map<string, ReturnType<typeof open>>();

  return (part) => {
    const key = `${part.name}@${part.version} ${part.arm} ${part.status}`;
    let counters = series.get(key);
    if (counters === undefined) {
      if (series.size >= MAX_SERIES) {
        const [[oldest, dropped]] = series;
        dropped.drop();
        series.delete(oldest);
      }
      series.set(key, (counters = open(part)));
    }
    counters.requests.inc();
    counters.latency.observe(part.latencyUs / 1e6);
    if (part.status !== 0) return;
    counters.rows.inc(part.rows);
    counters.size.observe(part.rows);
  };
}

function httpCounter(registry: Registry): Metrics['countHttp'] {
  const answers = new Counter({
    name: 'perennial_http_requests_total',
    help: 'Answers by route and status, refused ones too.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const series = new Map<string, Counter.Internal>();
  return (method, route, status) => {
    const key = `${method} ${route} ${status}`;
    let counter = series.get(key);
    if (counter === undefined) {
      series.set(key, (counter = answers.labels({ method, route, status: String(status) })));
    }
    counter.inc();
  };
}

function addGauges(registry: Registry, { log, admission, models, routing }: MetricSources): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('perennial_requests_in_flight', 'Requests that wait or are computed.', () => admission.requests);
  gauge('perennial_rows_in_flight', 'Rows that wait or are computed.', () => admission.rows);
  gauge('perennial_log_pending_bytes', 'Predictions on disk, not in Postgres yet.', () => log.pendingBytes);
  gauge('perennial_models_loaded', 'Versions that are ready to answer.', () => models.loaded().length);
  gauge('perennial_models_failed', 'Versions that cannot be loaded.', () => models.failed().length);

  new Counter({
    name: 'perennial_log_dropped_total',
    help: 'Predictions that could not be kept.',
    registers,
    collect() {
      this.reset();
      this.inc(log.dropped);
    },
  });
  new Gauge({
    name: 'perennial_route_weight',
    help: 'Share of the keys by version. The champion has what its challenger leaves.',
    labelNames: PART,
    registers,
    collect() {
      this.reset();
      for (const model of Object.keys(routing.revisions())) {
        const route = routing.active(model)?.route;
        if (route === undefined) continue;
        const { championVersion, challengerVersion, weight } = route;
        this.set({ model, version: String(championVersion), arm: 'champion' }, 1 - weight);
        if (challengerVersion !== undefined)
          this.set({ model, version: String(challengerVersion), arm: 'challenger' }, weight);
      }
    },
  });
  new Gauge({
    name: 'perennial_route_revision',
    help: 'Of the route that is served by.',
    labelNames: ['model'],
    registers,
    collect() {
      this.reset();
      for (const [model, revision] of Object.entries(routing.revisions())) this.set({ model }, revision);
    },
  });
}
