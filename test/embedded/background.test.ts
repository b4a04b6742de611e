import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { isRunning } from '../../embedded/processes.ts';
import { ensureStack, partsOf, stopStack } from '../../embedded/stack.ts';
import { readStack, type StackInfo } from '../../embedded/stackFile.ts';
import type { StackEvent } from '../../embedded/supervisor.ts';

/** `perennial up` and `perennial down`, with every part: servers and workers. */

const environment = {
  ...readEnvironment(),
  home: mkdtempSync(join(tmpdir(), 'perennial-up-')),
  temporalAddress: undefined,
  databaseUrl: undefined,
};
let info: StackInfo;
afterAll(async () => {
  await stopStack(environment.home);
  rmSync(environment.home, { recursive: true, force: true });
});

test('up starts every part in the background and says what it does', { timeout: 120_000 }, async () => {
  const events: StackEvent[] = [];
  info = await ensureStack(environment, (event) => events.push(event));
  expect(
    partsOf(info)
      .filter(({ running }) => running)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['gateway-0', 'orchestrator-0', 'postgres', 'temporal', 'trainer-0']);
  expect(events.filter(({ state }) => state === 'ready')).toHaveLength(5);
  expect(info.supervisor.pid).not.toBe(process.pid);
});

test('the file that holds the password is for its owner alone', () => {
  expect(statSync(join(environment.home, 'stack.json')).mode & 0o077).toBe(0);
});

test('two at once come to the same stack', { timeout: 120_000 }, async () => {
  await stopStack(environment.home);
  const [one, two] = await Promise.all([ensureStack(environment), ensureStack(environment)]);
  expect(one).toEqual(two);
  info = one;
});

test('up again finds the stack that runs', async () => {
  expect(await ensureStack(environment)).toEqual(info);
});

test('a killed worker is started again', async () => {
  const before = info.parts['trainer-0']?.pid;
  process.kill(before, 'SIGKILL');
  const now = () => readStack(environment.home)?.parts['trainer-0']?.pid;
  await expect.poll(now, { timeout: 20_000 }).not.toBe(before);
});

test('workers end when their supervisor vanishes, and down stops the rest', async () => {
  const { parts, supervisor } = readStack(environment.home) as StackInfo;
  process.kill(supervisor.pid, 'SIGKILL');
  const workers = () =>
    [parts['orchestrator-0'], parts['trainer-0']].filter((mark) => mark && isRunning(mark));
  await expect.poll(workers, { timeout: 20_000 }).toEqual([]);
  expect(await stopStack(environment.home)).toBe(true);
  expect(Object.values(parts).filter(isRunning)).toEqual([]);
});
