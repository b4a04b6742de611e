import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBench, SCHEMA, type Bench } from '../store/fixtures.ts';
import { registerModel, someJson, tinyModel } from './fixtures.ts';

/** A gateway's process under all the load that this machine can make, while the version that serves changes. */
const REDEPLOYMENTS = 20;
const VERSIONS = 4;
const LOAD_MS = 10_000;

let bench: Bench;
let home: string;
let gateway: ChildProcess;
let url: string;
beforeAll(async () => {
  bench = await openBench();
  for (let seed = 1; seed <= VERSIONS; seed++)
    await registerModel(bench.store, 'late', await tinyModel({ seed }));
  home = mkdtempSync(join(tmpdir(), 'perennial-redeployment-'));
  gateway = fork(fileURLToPath(new URL('../../workers/gateway.ts', import.meta.url)), ['0'], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    env: {
      ...process.env,
      PERENNIAL_HOME: home,
      PERENNIAL_NAMESPACE: SCHEMA,
      PERENNIAL_LOG: 'silent',
      DATABASE_URL: bench.url,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const died = once(gateway, 'exit').then(([code]) => {
    throw new Error(`the gateway ended with ${code}`);
  });
  died.catch(() => undefined);
  const [message] = (await Promise.race([once(gateway, 'message'), died])) as [{ url: string }];
  ({ url } = message);
});
afterAll(async () => {
  const ended = once(gateway, 'exit');
  if (gateway.kill('SIGTERM')) await ended;
  await bench.close();
  rmSync(home, { recursive: true, force: true });
});

it('20 redeployments under full load cost no request', { timeout: 180_000 }, async () => {
  const answeredBy = new Map<number, number>();
  const options: autocannon.Options = {
    url: `${url}/models/late/predict`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: someJson(1) }),
    connections: 10,
    timeout: 60,
    duration: 170,
    setupClient: (client) =>
      client.on('body', (body: Buffer) => {
        const version = Number(/"version":(\d+)/.exec(body.toString())?.[1]);
        answeredBy.set(version, (answeredBy.get(version) ?? 0) + 1);
      }),
  };
  // The promise that a call without a callback gives cannot be stopped.
  const load = autocannon(options, () => undefined);
  const begun = performance.now();
  const sequence = Array.from({ length: REDEPLOYMENTS }, (_, i) => ((i + 1) % VERSIONS) + 1);
  for (const [i, championVersion] of sequence.entries()) {
    answeredBy.clear();
    await bench.store.routes.change({
      name: 'late',
      expectedRevision: i + 1,
      championVersion,
      weight: 0,
      logInputs: false,
      actor: 'test',
      reason: 'redeployment',
      idempotencyKey: `redeployment ${i}`,
    });
    await expect.poll(() => answeredBy.get(championVersion) ?? 0, { timeout: 60_000 }).toBeGreaterThan(100);
    await sleep(Math.max(0, ((i + 1) * LOAD_MS) / REDEPLOYMENTS - (performance.now() - begun)));
  }
  // Everything that the last version answers now is its own: the one before has gone.
  await expect
    .poll(async () => (await bench.store.gateways.list())[0]?.loaded, { timeout: 60_000 })
    .toEqual([`late@${sequence.at(-1)}`]);
  const ended = once(load, 'done') as Promise<[autocannon.Result]>;
  load.stop();
  const [{ requests, errors, timeouts, non2xx }] = await ended;
  expect({ errors, timeouts, non2xx }).toEqual({ errors: 0, timeouts: 0, non2xx: 0 });
  expect(requests.total).toBeGreaterThan(REDEPLOYMENTS * 100);
});
