import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '../../client/client.ts';
import { connectReady } from '../../client/ready.ts';
import { readEnvironment, type Environment } from '../../config/environment.ts';
import { stopStack } from '../../embedded/stack.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

/** TEMPORAL_ADDRESS and DATABASE_URL name servers of one's own, on which nothing of ours is yet. */
const home = mkdtempSync(join(tmpdir(), 'perennial-own-'));
let database: FreshDatabase;
let environment: Environment;

beforeAll(async () => {
  database = await freshDatabase();
  environment = {
    ...readEnvironment({ PERENNIAL_NAMESPACE: `own_${process.pid}` }),
    home,
    temporalAddress: inject('temporalAddress'),
    databaseUrl: database.url,
  };
});
afterAll(async () => {
  await stopStack(home);
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

test('a namespace that the server lacks is told, and made where work is to be done', async () => {
  const early = await connect({ environment });
  await expect(early.status()).rejects.toMatchObject({
    code: 'STACK_UNAVAILABLE',
    field: 'PERENNIAL_NAMESPACE',
  });
  await early.close();
  const { client, started } = await connectReady(() => undefined, environment);
  expect(started).toBe(true);
  // Temporal counts a worker from its first poll on, which may be a moment after the worker is ready to poll.
  await expect
    .poll(async () => (await client.status()).workers, { timeout: 20_000 })
    .toEqual({ orchestrators: 1, trainers: 1 });
  await client.close();
});

test('a server that does not answer is no defect of ours', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const temporalAddress = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await expect(connect({ environment: { ...environment, temporalAddress } })).rejects.toMatchObject({
    code: 'STACK_UNAVAILABLE',
  });
});
