import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { choosePorts } from '../../embedded/ports.ts';
import { startPostgres, type RunningPostgres } from '../../embedded/postgres.ts';
import { openPredictionLog } from '../../serving/log/log.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { inputsOf, someRecord } from '../store/someRecords.ts';

/** A Postgres of its own, which ends in the middle of a stream of predictions: in order, and by SIGKILL. */
let home: string;
let port: number;
let server: RunningPostgres;
let store: Store;

const start = () =>
  // Durable: what it said to have committed must be there after its death.
  startPostgres({ directory: join(home, 'postgres'), port, log: join(home, 'log'), durable: true });

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'perennial-restart-'));
  ({ postgres: port } = await choosePorts(home));
  server = await start();
  store = await openStore(server.databaseUrl, 'perennial');
});
afterAll(async () => {
  await store.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

test('none is lost and none is there twice', async () => {
  const log = await openPredictionLog({ directory: join(home, 'predictions'), store: store.predictions });
  let added = 0;
  let done = false;
  const adding = (async () => {
    while (!done) {
      for (let i = 0; i < 20; i++)
        log.add(someRecord({ version: ++added, inputs: inputsOf({ x: ['x'.repeat(500)] }) }));
      await setTimeout(2);
    }
  })();
  const growBy = async (many: number) => {
    const goal = added + many;
    await expect.poll(() => added, { timeout: 30_000 }).toBeGreaterThan(goal);
  };
  await growBy(1_000);
  await server.stop();
  await growBy(1_000);
  server = await start();
  await growBy(1_000);
  process.kill(server.mark.pid, 'SIGKILL');
  await server.exited;
  await growBy(1_000);
  server = await start();
  await growBy(1_000);
  done = true;
  await adding;
  await log.flush(40_000);
  const found = await store.predictions.list({ name: 'flights', limit: 10_000_000 });
  const versions = found.map(({ version }) => version).sort((a, b) => a - b);
  expect(versions).toEqual(Array.from({ length: added }, (_, i) => i + 1));
  expect(log.dropped).toBe(0);
  await log.close(1_000);
});
