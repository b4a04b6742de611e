import type { FastifyInstance } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openGateway, type Gateway } from '../../serving/gateway.ts';
import { buildServer, type ServerOptions } from '../../serving/server.ts';
import type { GatewayLimits } from '../../serving/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { openCore, type Core } from './core.ts';
import { registerModel, type TinyModel } from './fixtures.ts';

/** The gateway's HTTP server over a database of its own and the real core. */
export interface HttpServer {
  bench: Bench;
  core: Core;
  server: FastifyInstance;
  close(): Promise<void>;
}

export const LIMITS: GatewayLimits = {
  maxBodyBytes: 256 * 1024,
  maxRows: 1_000,
  maxTextBytes: 500,
  requestTimeoutMs: 30_000,
  maxRowsUnderWay: 10_000,
  maxRequestsUnderWay: 1_000,
};

/** @param models in this order the versions of their names; the first of a name is its champion */
export async function serve(
  models: readonly (readonly [name: string, model: TinyModel])[],
  options: Partial<ServerOptions> = {},
): Promise<HttpServer> {
  const bench = await openBench();
  for (const [name, model] of models) await registerModel(bench.store, name, model);
  const core = await openCore(bench.store);
  const server = await buildServer({
    inference: core.inference,
    store: bench.store,
    limits: LIMITS,
    requireKeys: false,
    notReady: () => undefined,
    ...options,
  });
  return {
    bench,
    core,
    server,
    async close() {
      await server.close();
      await core.close();
      await bench.close();
    },
  };
}

/** A whole gateway, listening, over a database of its own. */
export interface WholeGateway {
  bench: Bench;
  gateway: Gateway;
  close(): Promise<void>;
}

export async function serveWhole(
  models: readonly (readonly [name: string, model: TinyModel])[],
): Promise<WholeGateway> {
  const bench = await openBench();
  for (const [name, model] of models) await registerModel(bench.store, name, model);
  const directory = await mkdtemp(join(tmpdir(), 'perennial-gateway-'));
  const gateway = await openGateway({
    databaseUrl: bench.url,
    namespace: 'perennial',
    directory,
    version: '1.2.3',
    log: pino({ level: 'silent' }),
  });
  return {
    bench,
    gateway,
    async close() {
      await gateway.close();
      await bench.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** An answer as a test looks at it. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, unknown>;
}

/** Sends a body as JSON, or as it is where it is text. */
export async function post(
  server: FastifyInstance,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await server.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}
