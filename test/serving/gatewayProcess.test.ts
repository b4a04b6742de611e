import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openBench, SCHEMA, type Bench } from '../store/fixtures.ts';
import { registerModel, someJson, tinyModel } from './fixtures.ts';

/** The gateway's process: says where it answers, answers, and ends when it is told to or when its supervisor is gone. */
let bench: Bench;
let home: string;
let children: Gateway[] = [];
beforeAll(async () => {
  bench = await openBench();
  await registerModel(bench.store, 'late', await tinyModel());
  home = mkdtempSync(join(tmpdir(), 'perennial-gateway-'));
});
afterEach(async () => {
  for (const { child, ended } of children) {
    child.kill('SIGKILL');
    await ended;
  }
  children = [];
});
afterAll(async () => {
  await bench.close();
  rmSync(home, { recursive: true, force: true });
});

const WAIT = { timeout: 45_000 };

interface Gateway {
  child: ChildProcess;
  /** Resolves with the exit code once everything that it wrote was read. */
  ended: Promise<number | null>;
  /** Resolves with its address; rejects with its log where it ends before. */
  url: Promise<string>;
  log(): string;
}

function start(environment: Record<string, string> = {}): Gateway {
  const child = fork(fileURLToPath(new URL('../../workers/gateway.ts', import.meta.url)), ['7'], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    env: {
      ...process.env,
      PERENNIAL_HOME: home,
      PERENNIAL_NAMESPACE: SCHEMA,
      PERENNIAL_LOG: 'info',
      DATABASE_URL: bench.url,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  // Not 'close', which does not come for a child whose channel this process has closed.
  const ended = Promise.all([once(child, 'exit'), once(child.stderr as Readable, 'end')]).then(
    ([[code]]) => code as number | null,
  );
  const told = once(child, 'message').then(([message]) => (message as { url: string }).url);
  const url = Promise.race([
    told,
    ended.then(() => {
      throw new Error(log);
    }),
  ]);
  url.catch(() => undefined);
  const gateway = { child, ended, url, log: () => log };
  children.push(gateway);
  return gateway;
}

function predict(url: string): Promise<Response> {
  return fetch(`${url}/models/late/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: someJson(2) }),
  });
}

it('answers, keeps inputs and keys out of its log, and ends on SIGTERM', async () => {
  const gateway = start();
  const url = await gateway.url;
  const answer = await predict(url);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ model: 'late', predictions: [{ version: 1 }, { version: 1 }] });
  expect(await bench.store.gateways.list()).toMatchObject([
    { url, pid: gateway.child.pid, revisions: { late: 1 }, loaded: ['late@1'], failed: [] },
  ]);
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);
  expect(await bench.store.gateways.list()).toEqual([]);
  expect(gateway.log()).not.toContain('carrier');
});

it('ends when its supervisor is gone', async () => {
  const gateway = start();
  await gateway.url;
  gateway.child.disconnect();
  expect(await gateway.ended).toBe(0);
});

it('listens beyond loopback only where there is an API key', async () => {
  const refused = start({ PERENNIAL_GATEWAY_HOST: '0.0.0.0' });
  await expect(refused.url).rejects.toThrow('there is no API key yet');
  expect(await refused.ended).not.toBe(0);

  const { secret } = await bench.store.keys.create({ name: 'app', roles: ['predict'], actor: 'tester' });
  const gateway = start({ PERENNIAL_GATEWAY_HOST: '0.0.0.0' });
  const port = new URL(await gateway.url).port;
  expect((await predict(`http://127.0.0.1:${port}`)).status).toBe(401);
  const asked = await fetch(`http://127.0.0.1:${port}/models/late/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ rows: someJson(1) }),
  });
  expect(asked.status).toBe(200);
});

it('runs several processes on one port, and starts one again that was killed', async () => {
  const gateway = start({ PERENNIAL_GATEWAY_PROCESSES: '2' });
  const url = await gateway.url;
  const alive = async () => (await bench.store.gateways.list()).filter((row) => row.alive && row.url === url);
  await expect.poll(async () => (await alive()).length, WAIT).toBe(2);
  const before = await alive();
  process.kill(before[0].pid, 'SIGKILL');
  const started = async () => (await alive()).some(({ id }) => before.every((row) => row.id !== id));
  await expect.poll(started, WAIT).toBe(true);
  // One that was just killed may still have been handed a connection.
  await expect.poll(async () => (await predict(url)).status, WAIT).toBe(200);
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);
}, 150_000);
