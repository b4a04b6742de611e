import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openGateway, type Gateway, type GatewayOptions } from '../../serving/gateway.ts';
import { isLoopback, urlOf } from '../../serving/address.ts';
import { openBench, SCHEMA, type Bench } from '../store/fixtures.ts';
import { changeRoute, until } from './core.ts';
import { registerModel, someJson, tinyModel } from './fixtures.ts';

/** The whole of a gateway: what it says of itself, what it logs, and an end that costs nobody an answer. */
let bench: Bench;
let directory: string;
const gateways: Gateway[] = [];
beforeAll(async () => {
  bench = await openBench();
  directory = mkdtempSync(join(tmpdir(), 'perennial-gateway-'));
  for (const seed of [1, 2]) await registerModel(bench.store, 'late', await tinyModel({ seed }));
});
afterEach(() => Promise.all(gateways.splice(0).map((gateway) => gateway.close())));
afterAll(async () => {
  await bench.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await openGateway({
    databaseUrl: bench.url,
    namespace: SCHEMA,
    directory,
    version: '0.0.0',
    log: pino({ level: 'silent' }),
    ...options,
  });
  gateways.push(gateway);
  return gateway;
}

const body = JSON.stringify({ rows: someJson(1), key: 'k' });

function predict(url: string, requestId: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-request-id': requestId };
  return fetch(`${url}/models/late/predict`, { method: 'POST', headers, body });
}

it('answers, says what it serves, and logs what it answered', async () => {
  const gateway = await open();
  expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/v2/models/late/ready`)).status).toBe(200);
  expect(await (await predict(gateway.url, 'r-1')).json()).toMatchObject({ predictions: [{ version: 1 }] });
  await until(async () =>
    (await bench.store.gateways.list()).find(({ id }) => id === gateway.id),
  ).toMatchObject({ url: gateway.url, alive: true, revisions: { late: 1 }, loaded: ['late@1'] });
  await gateway.close();
  const logged = await bench.store.predictions.list({ name: 'late', requestId: 'r-1' });
  expect(logged).toMatchObject([{ version: 1, arm: 'champion', keys: ['k'], status: 0 }]);
  expect(await bench.store.gateways.list()).toEqual([]);
});

it('tells the others soon which route it serves by', async () => {
  const gateway = await open({ renewEveryMs: 3_600_000, leaseMs: 7_200_000 });
  const seen = async () => (await bench.store.gateways.list()).find(({ id }) => id === gateway.id)?.revisions;
  await until(seen).toEqual({ late: 1 });
  await changeRoute(bench.store, 'late', { championVersion: 2 });
  await until(seen).toEqual({ late: 2 });
});

it('finishes what it accepted, and takes nothing more', async () => {
  const gateway = await open();
  const { port } = new URL(gateway.url);
  const bytes = Buffer.from(body);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const answer = readAll(socket);
  socket.write(
    `POST /models/late/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  // The server asks for the body: the request is accepted.
  await once(socket, 'data');
  const closing = gateway.close();
  socket.write(bytes.subarray(0, 10));
  await until(() => isOpen(Number(port))).toBe(false);
  socket.write(bytes.subarray(10));
  expect(await answer).toMatch(/HTTP\/1\.1 200 OK[\s\S]*"predictions":\[\{/);
  await closing;
});

it('says that it is not ready before it takes nothing more', async () => {
  const gateway = await open({ drainGraceMs: 5_000 });
  const ready = () => fetch(`${gateway.url}/health/ready`).then(({ status }) => status);
  expect(await ready()).toBe(200);
  const closing = gateway.close();
  expect(await ready()).toBe(503);
  expect((await predict(gateway.url, 'r-2')).status).toBe(200);
  await closing;
  await expect(ready()).rejects.toThrow();
});

it('says which address it cannot listen at', async () => {
  const { port } = new URL((await open()).url);
  await expect(open({ port: Number(port) })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'PERENNIAL_GATEWAY_PORT',
  });
  await expect(open({ host: 'no-such-host.invalid' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'PERENNIAL_GATEWAY_HOST',
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
])('%s is loopback: %s', async (host, expected) => {
  expect(await isLoopback(host)).toBe(expected);
});

it('has a URL for every kind of address', () => {
  expect(urlOf('127.0.0.1', 80)).toBe('http://127.0.0.1:80');
  expect(urlOf('::1', 80)).toBe('http://[::1]:80');
  expect(urlOf('0.0.0.0', 80)).not.toContain('0.0.0.0');
});

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
