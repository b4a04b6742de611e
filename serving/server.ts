import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify';
import { PerennialError } from '../config/errors.ts';
import type { Store } from '../store/types.ts';
import { guardRoutes } from './auth.ts';
import { readBodies } from './bodies.ts';
import { limitBodies } from './bodyBudget.ts';
import { refuseForeignPages } from './browsers.ts';
import { answerClientError, answerStrangers } from './clientErrors.ts';
import { answerError } from './errors.ts';
import { exampleBodies } from './example.ts';
import { explainInTurn } from './explain.ts';
import { keepExplainers } from './explainers.ts';
import { readGoldenRows } from './golden.ts';
import { addEventApi } from './eventApi.ts';
import { addHealth, type NotReady } from './health.ts';
import { addMetrics, type Metrics } from './metrics.ts';
import { addModelApi } from './modelApi.ts';
import { addDocument } from './openapi/document.ts';
import { addPage } from './page.ts';
import { addPredict } from './predict.ts';
import { requestIdOf } from './requestId.ts';
import { addRouteApi } from './routeApi.ts';
import type { GatewayLimits, Inference } from './types.ts';

export interface ServerOptions {
  inference: Inference;
  store: Pick<Store, 'keys' | 'registry' | 'routes' | 'artifacts' | 'lifecycles'>;
  limits: GatewayLimits;
  /** Ask every caller for an API key. */
  requireKeys: boolean;
  /** Where it listens, which is a name for it besides loopback's own. */
  host?: string;
  notReady: NotReady;
  /** Of this program. */
  version?: string;
  /** Without it there is no /metrics. */
  metrics?: Metrics;
  /** pino, or what looks like it. */
  log?: FastifyBaseLogger;
  timeouts?: Partial<Timeouts>;
  /** Routes of other rooms: the V2 protocol, labels. Each route says its `config.role`. */
  plugins?: readonly FastifyPluginAsync[];
}

export interface Timeouts {
  /** From a connection's first byte to the end of the headers. */
  headersMs: number;
  /** Of silence on a connection within a request. */
  silenceMs: number;
  /** Of silence between two requests. */
  keepAliveMs: number;
  /** How often requests are held against the first two and `limits.requestTimeoutMs`. */
  checkMs: number;
}

const TIMEOUTS: Timeouts = { headersMs: 10_000, silenceMs: 60_000, keepAliveMs: 72_000, checkMs: 1_000 };

/** Browsers and proxies send up to 8 KiB; Node's default. */
const MAX_HEADER_BYTES = 16_384;
/** A name has at most 63 letters, each of which a caller may write as %41. */
const MAX_PARAM_LENGTH = 256;

/**
 * The gateway's HTTP server, ready to listen. It keeps what strangers may send in bounds: bodies, headers, times;
 * everything wrong is answered with 4xx and a reason.
 */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { inference, limits, store, log } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const server = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request costs more than reading the body does.
    childLoggerFactory: (logger) => logger,
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: timeouts.silenceMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    // Who is connected is answered to the end, and told to close; a new version must not cost a request.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
    requestIdHeader: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(timeouts.headersMs, limits.requestTimeoutMs),
      connectionsCheckingInterval: timeouts.checkMs,
      noDelay: true,
      requireHostHeader: false,
    },
  });
  server.setErrorHandler(answerError);
  server.setNotFoundHandler((request) => {
    throw new PerennialError('NOT_FOUND', `There is nothing at ${request.method} ${pathOf(request.url)}.`, {
      field: 'url',
      value: pathOf(request.url),
      expected: 'an address that /openapi.json lists',
    });
  });
  answerStrangers(server.server);
  if (!options.requireKeys) refuseForeignPages(server, options.host);
  limitBodies(server, limits);
  readBodies(server);
  guardRoutes(server, { requireKeys: options.requireKeys, keys: store.keys });
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  const golden = readGoldenRows(store.artifacts);
  await addDocument(server, {
    version: options.version ?? '0',
    requireKeys: options.requireKeys,
    // Which models there are is told to those who have a key.
    examples: async () => (options.requireKeys ? {} : exampleBodies(inference, store.routes, golden)),
  });
  addPage(server);
  if (options.metrics) addMetrics(server, options.metrics);
  addHealth(server, options.notReady);
  const explainers = keepExplainers(store.artifacts);
  server.addHook('onClose', () => explainers.close());
  const score = inference.score.bind(inference);
  addPredict(server, { inference, limits, explain: explainInTurn({ explainers, golden, score }) });
  addModelApi(server, { inference, store, golden });
  addRouteApi(server, store.routes);
  addEventApi(server, store.lifecycles);
  for (const plugin of options.plugins ?? []) await server.register(plugin);
  await server.ready();
  return server;
}

function pathOf(url: string): string {
  return url.split('?', 1)[0];
}
