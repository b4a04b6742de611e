import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { isFree } from '../../embedded/ports.ts';
import { isRunning } from '../../embedded/processes.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { startStack, type Stack, type StackEvent } from '../../embedded/supervisor.ts';

/** The gateway of a stack keeps its address, comes back when it dies, and leaves nothing. */

const environment = {
  ...readEnvironment(),
  home: mkdtempSync(join(tmpdir(), 'perennial-gateway-')),
  temporalAddress: undefined,
  databaseUrl: undefined,
};
const withGateway = { environment, workers: { orchestrator: 0, trainer: 0 } };
const events: StackEvent[] = [];
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ ...withGateway, onEvent: (event) => events.push(event) });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  rmSync(environment.home, { recursive: true, force: true });
});

const portOf = ({ gatewayUrl = '' }: { gatewayUrl?: string }): number => Number(new URL(gatewayUrl).port);
const ready = async (): Promise<number> =>
  (await fetch(`${stack.info.gatewayUrl}/v2/health/ready`).catch(() => ({ status: 0 }))).status;

test('it answers on loopback at the address that the stack tells, and is told as a part', async () => {
  expect(stack.info.gatewayUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await ready()).toBe(200);
  expect(readStack(environment.home)).toMatchObject({
    ready: true,
    gatewayUrl: stack.info.gatewayUrl,
    parts: { 'gateway-0': { pid: expect.any(Number) as number } },
  });
  expect(events.filter(({ part }) => part === 'gateway-0')).toMatchObject([{ state: 'ready' }]);
});

test('killed, it is back at the same address', { timeout: 60_000 }, async () => {
  const { gatewayUrl } = stack.info;
  const { pid } = stack.info.parts['gateway-0'] as { pid: number };
  events.length = 0;
  process.kill(pid, 'SIGKILL');
  const states = (): string[] => events.filter(({ part }) => part === 'gateway-0').map(({ state }) => state);
  await expect.poll(states, { timeout: 30_000 }).toEqual(expect.arrayContaining(['ended', 'back']));
  expect(stack.info.parts['gateway-0']?.pid).not.toBe(pid);
  expect(stack.info.gatewayUrl).toBe(gatewayUrl);
  expect(await ready()).toBe(200);
});

test(
  'stopped with its stack it leaves no process and no port, and keeps its address',
  { timeout: 120_000 },
  async () => {
    const before = structuredClone(stack.info);
    await stack.stop();
    expect(Object.values(before.parts).filter(isRunning)).toEqual([]);
    expect(await isFree(portOf(before))).toBe(true);
    stack = await startStack(withGateway);
    expect(stack.info.gatewayUrl).toBe(before.gatewayUrl);
    expect(await ready()).toBe(200);
  },
);

test('a port of one’s own is taken, by its variable', { timeout: 120_000 }, async () => {
  const port = portOf(stack.info);
  await stack.stop();
  // Free for a moment ago: the one that this home would take next is another.
  const own = (await isFree(port + 1)) ? port + 1 : port;
  stack = await startStack({
    ...withGateway,
    environment: { ...environment, gateway: { ...environment.gateway, port: own } },
  });
  expect(portOf(stack.info)).toBe(own);
});
