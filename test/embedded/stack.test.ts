import { Client, Connection } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { isFree } from '../../embedded/ports.ts';
import { isRunning } from '../../embedded/processes.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { startStack, type Stack, type StackEvent } from '../../embedded/supervisor.ts';

/** A stack whose servers are killed keeps its addresses and its data, and leaves nothing when it stops. */

const environment = {
  ...readEnvironment(),
  home: mkdtempSync(join(tmpdir(), 'perennial-stack-')),
  temporalAddress: undefined,
  databaseUrl: undefined,
};
const bare = { environment, workers: { orchestrator: 0, trainer: 0, gateway: 0 } };
const events: StackEvent[] = [];
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ ...bare, onEvent: (event) => events.push(event) });
});
afterAll(async () => {
  await stack.stop();
  rmSync(environment.home, { recursive: true, force: true });
});

test('a killed Postgres is back on the same port with what was committed', async () => {
  await query('CREATE TABLE kept (n int)');
  await query('INSERT INTO kept VALUES (42)');
  await killAndWait('postgres');
  expect(await query('SELECT n FROM kept')).toEqual([{ n: 42 }]);
});

test('a killed Temporal server is back on the same port with its workflows', async () => {
  await withClient((client) => client.workflow.start('nobody', { workflowId: 'kept', taskQueue: 'nobody' }));
  await killAndWait('temporal');
  const description = await withClient((client) => client.workflow.getHandle('kept').describe());
  expect(description.status.name).toBe('RUNNING');
});

test('a second supervisor is refused while the first runs, by name', async () => {
  await expect(startStack(bare)).rejects.toMatchObject({
    code: 'STACK_UNAVAILABLE',
    message: expect.stringContaining(`(${process.pid}) runs the stack`) as string,
  });
  expect(readStack(environment.home)).toMatchObject({ ready: true, supervisor: { pid: process.pid } });
});

test('a stopped stack leaves no process and no port, and starts again on kept state and ports', async () => {
  const before = structuredClone(stack.info);
  await stack.stop();
  expect(Object.values(before.parts).filter(isRunning)).toEqual([]);
  expect(await Promise.all(portsOf(before).map(isFree))).toEqual([true, true, true]);
  expect(readStack(environment.home)).toBeUndefined();

  const started = performance.now();
  stack = await startStack(bare);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(portsOf(stack.info)).toEqual(portsOf(before));
  expect(await query('SELECT n FROM kept')).toEqual([{ n: 42 }]);
});

function portsOf({ temporalAddress, uiUrl, databaseUrl }: Stack['info']): number[] {
  return [`tcp://${temporalAddress}`, uiUrl as string, databaseUrl].map((address) =>
    Number(new URL(address).port),
  );
}

async function killAndWait(part: 'temporal' | 'postgres'): Promise<void> {
  const { pid } = stack.info.parts[part] as { pid: number };
  events.length = 0;
  process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => events.map(({ state }) => state), { timeout: 20_000 })
    .toEqual(expect.arrayContaining(['ended', 'back']));
  expect(stack.info.parts[part]?.pid).not.toBe(pid);
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client(stack.info.databaseUrl);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withClient<T>(act: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.info.temporalAddress });
  try {
    return await act(new Client({ connection, namespace: stack.info.namespace }));
  } finally {
    await connection.close();
  }
}
