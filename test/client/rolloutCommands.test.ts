import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type PerennialClient } from '../../client/client.ts';
import { readEnvironment } from '../../config/environment.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { openStore } from '../../store/open.ts';
import { registerModel, someJson, tinyModel } from '../serving/fixtures.ts';
import { perennial, type Outcome } from './cli.ts';

/** Two versions of a model, a gateway, traffic: from `rollout start` to `rollout explain`, through the command line. */

const MINUTE = 60_000;
const home = mkdtempSync(join(tmpdir(), 'perennial-rollouts-'));
const policy = join(home, 'policy.json');
const env = { PERENNIAL_HOME: home, PERENNIAL_LOG: 'warn' };
const run = (...args: string[]): Promise<Outcome> => perennial(args, { env });
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  (await run(...args, '--json')).json();
let client: PerennialClient;
let url: string;

beforeAll(async () => {
  expect(await run('up')).toMatchObject({ code: 0 });
  const { databaseUrl = '' } = readStack(home) ?? {};
  const store = await openStore(databaseUrl, 'perennial');
  try {
    for (const seed of [1, 2]) await registerModel(store, 'tiny', await tinyModel({ seed }));
  } finally {
    await store.close();
  }
  writeFileSync(policy, JSON.stringify({ guards: { latency: false }, minDurationMs: 0, probationMs: 0 }));
  client = await connect({ environment: { ...readEnvironment(env), home } });
  url = (await client.gatewayUrl()) ?? '';
}, 2 * MINUTE);
afterAll(async () => {
  await client?.close();
  await run('down');
  rmSync(home, { recursive: true, force: true });
}, MINUTE);

async function predict(keys: string[]): Promise<Response> {
  return fetch(`${url}/models/tiny/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: someJson(keys.length), keys }),
  });
}

test('up says where the gateway is, which serves the first version, and gateways shows it', async () => {
  await expect
    .poll(async () => (await client.gateways()).flatMap(({ loaded }) => loaded), { timeout: 20_000 })
    .toContain('tiny@1');
  const { gateways } = await json('gateways');
  expect(gateways).toMatchObject([{ url, alive: true, loaded: ['tiny@1'] }]);
  expect(await json('status')).toMatchObject({ up: true, gateways: [{ url }], rollouts: [] });
});

test('the curl line is one that the gateway answers', async () => {
  const line = await client.curl('tiny');
  const [, address = '', body = ''] = /^curl (\S+) .* -d '(.*)'$/.exec(line) ?? [];
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(address, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ model: 'tiny', predictions: [{ version: 1 }] });
});

test(
  'a rollout is started, waits for its verdict, and its explanation agrees with what was stored',
  { timeout: 3 * MINUTE },
  async () => {
    const rollout = run(
      ...['rollout', 'start', 'tiny@2', '--steps', '50', '--every', '1s', '--policy', policy],
      ...['--reason', 'a better tree', '--as', 'ada', '--json'],
    );
    await expect.poll(async () => (await client.route('tiny')).weight, { timeout: 2 * MINUTE }).toBe(0.5);
    for (let batch = 0; batch < 30; batch++)
      expect((await predict(Array.from({ length: 100 }, (_, i) => `user-${batch}-${i}`))).status).toBe(200);
    const { code, json: told, stderr } = await rollout;
    expect(told()).toMatchObject({ name: 'tiny', number: 1, outcome: 'promoted', challengerVersion: 2 });
    expect(code).toBe(0);
    expect(stderr).toContain('serving: step 1 of 1, 50 % of the keys');

    const explained = await json('rollout', 'explain', 'tiny/1');
    expect(explained).toMatchObject({ agrees: true, rollout: { status: 'promoted', startedBy: 'ada' } });
    const last = (explained.looks as { index: number; verdict: object }[]).at(-1);
    expect(last?.verdict).toMatchObject({ action: 'promote', guards: [{ guard: 'errors', state: 'pass' }] });
    expect(
      (await run('rollout', 'explain', 'rollout/tiny/1', '--look', String(last?.index))).stdout,
    ).toContain('lnEOk');
    expect(await run('rollout', 'explain', 'tiny/1', '--look', '9999')).toMatchObject({ code: 2 });
    expect((await json('rollout', 'list', 'tiny')).rollouts).toMatchObject([
      { number: 1, status: 'promoted' },
    ]);
    // It has ended: to come back to it is to be told how.
    expect(await run('rollout', 'watch', 'tiny/1')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('tiny@2 is the champion') as string,
    });
  },
);

test(
  'orders are carried out or refused, with who and why in the audit; a rollback ends with exit code 3',
  { timeout: 3 * MINUTE },
  async () => {
    const started = await json('rollout', 'start', 'tiny@1', '--policy', policy, '--no-wait');
    expect(started).toMatchObject({ name: 'tiny', number: 2, outcome: 'running' });
    const second = await run('rollout', 'start', 'tiny@1', '--no-wait', '--json');
    expect(second.code).toBe(2);
    expect(second.json()).toMatchObject({ error: { code: 'ROLLOUT_IN_PROGRESS', value: 'rollout/tiny/2' } });

    await expect.poll(async () => (await client.route('tiny')).weight, { timeout: 2 * MINUTE }).toBe(0.1);
    const order = (name: string, reason: string): Promise<Outcome> =>
      run('rollout', name, 'tiny/2', '--reason', reason, '--as', 'ada', '--json');
    expect((await order('pause', 'lunch')).json()).toMatchObject({ phase: 'paused' });
    const refused = await order('approve', 'too early');
    expect(refused.json()).toMatchObject({ error: { code: 'ROLLOUT_PHASE' } });
    expect(refused.code).toBe(2);
    expect((await order('rollback', 'it was a test')).json()).toMatchObject({ phase: 'ended' });

    const watched = await run('rollout', 'watch', 'tiny/2', '--json');
    expect(watched.json()).toMatchObject({ outcome: 'rolled-back', reason: 'it was a test' });
    expect(watched.code).toBe(3);
    const { audit } = await json('rollout', 'explain', 'tiny/2');
    expect(audit).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'rollout.pause', actor: 'ada' }),
        expect.objectContaining({ action: 'rollout.rollback', actor: 'ada' }),
      ]),
    );
    const late = await order('abort', 'again');
    expect(late.json()).toMatchObject({ error: { code: 'ROLLOUT_PHASE', value: 'rolled-back' } });
  },
);

test('who served when is answered, and a champion can be set by hand', { timeout: 2 * MINUTE }, async () => {
  const [first] = (await client.routeHistory('tiny')).slice(-1);
  expect(await json('route', 'show', 'tiny', '--at', first?.at ?? '')).toMatchObject({ championVersion: 1 });
  expect(await json('route', 'set', 'tiny', '--champion', 'tiny@1', '--reason', 'by hand')).toMatchObject({
    championVersion: 1,
  });
  expect(await json('route', 'show', 'tiny')).toMatchObject({
    championVersion: 1,
    history: expect.arrayContaining([expect.objectContaining({ reason: 'by hand' })]) as unknown,
  });
  expect(await json('route', 'show', 'tiny', '--at', '2001-01-01')).toMatchObject({
    error: { code: 'NOT_FOUND' },
  });
  expect(await json('route', 'set', 'tiny', '--champion', 'x', '--reason', 'x')).toMatchObject({
    error: { code: 'INVALID_INPUT', field: '--champion' },
  });
});

test('keys are made, listed without their secret, and revoked', { timeout: 2 * MINUTE }, async () => {
  const key = await json('keys', 'create', '--name', 'shop', '--role', 'predict,label');
  expect(key).toMatchObject({
    name: 'shop',
    roles: ['predict', 'label'],
    secret: expect.any(String) as string,
  });
  expect(await json('keys', 'revoke', String(key.id))).toMatchObject({ revoked: true });
  const { keys } = await json('keys', 'list');
  expect(keys).toEqual([expect.objectContaining({ id: key.id, revokedAt: expect.any(String) as string })]);
  expect(JSON.stringify(keys)).not.toContain(key.secret);
  expect(await json('keys', 'create', '--name', 'shop', '--role', 'king')).toMatchObject({
    error: { code: 'INVALID_INPUT', field: '--role' },
  });
});

test(
  'serve runs a second gateway beside the stack until it is interrupted',
  { timeout: 2 * MINUTE },
  async () => {
    const served = await perennial(['serve', '--port', String(await freePort()), '--json'], {
      env,
      interruptAt: '"curl"',
    });
    expect(served.stderr).toContain('answers at http://127.0.0.1:');
    expect(served.json()).toMatchObject({ curl: expect.stringContaining('/models/tiny/predict') as string });
    expect(served.code).toBe(0);
    const { url: address } = served.json();
    await expect(fetch(String(address))).rejects.toThrow();
  },
);

/** Below the ports that Linux gives to clients: a connection of another test must not take it before the gateway does. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer().listen(port, '127.0.0.1');
    const listens = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!listens) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
