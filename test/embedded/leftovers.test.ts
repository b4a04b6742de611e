import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { isFree } from '../../embedded/ports.ts';
import { isRunning, markProcess } from '../../embedded/processes.ts';
import { stopStack } from '../../embedded/stack.ts';
import { readStack, type StackInfo } from '../../embedded/stackFile.ts';

/** Whatever becomes of a supervisor, its servers do not outlive the next command, and no lock stays behind. */

const home = mkdtempSync(join(tmpdir(), 'perennial-left-'));
afterAll(async () => {
  await stopStack(home);
  rmSync(home, { recursive: true, force: true });
});

test('a supervisor that starts after a killed one stops what that left, and takes over its data', async () => {
  const first = await supervise();
  await kill(first.child);
  const left = Object.values(first.info.parts);
  expect(left.every(isRunning)).toBe(true);
  expect(readStack(home)).toBeUndefined();
  expect(existsSync(join(home, 'supervisor.lock'))).toBe(true);

  const second = await supervise();
  expect(left.filter(isRunning)).toEqual([]);
  expect(second.info.databaseUrl).toBe(first.info.databaseUrl);
  expect(second.info.temporalAddress).toBe(first.info.temporalAddress);

  await kill(second.child);
  const again = Object.values(second.info.parts);
  expect(again.every(isRunning)).toBe(true);
  expect(await stopStack(home)).toBe(true);
  expect(again.filter(isRunning)).toEqual([]);
  expect(await isFree(Number(new URL(second.info.databaseUrl).port))).toBe(true);
  expect(await stopStack(home)).toBe(false);
});

test('a process that got the pid of a dead one is left alone', async () => {
  const bystander = fork(fileURLToPath(new URL('./bystander.mjs', import.meta.url)));
  onTestFinished(() => void bystander.kill('SIGKILL'));
  await once(bystander, 'spawn');
  const pid = bystander.pid as number;
  const stale = { pid, started: 'long ago' };
  const info = { supervisor: stale, parts: { temporal: stale }, home };
  writeFileSync(join(home, 'stack.json'), JSON.stringify(info));
  writeFileSync(join(home, 'supervisor.lock'), JSON.stringify(stale));
  // Postgres itself goes by the pid alone, and would refuse to start.
  const lock = join(home, 'postgres', 'data', 'postmaster.pid');
  writeFileSync(lock, `${pid}\n${join(home, 'postgres', 'data')}\n`);

  const { child, info: started } = await supervise();
  expect(markProcess(pid)).toBeDefined();
  expect(readFileSync(lock, 'utf8').split('\n')[0]).toBe(String(started.parts.postgres?.pid));
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(existsSync(join(home, 'supervisor.lock'))).toBe(false);
});

async function supervise(): Promise<{ child: ChildProcess; info: StackInfo }> {
  const child = fork(fileURLToPath(new URL('./bareStack.ts', import.meta.url)), [home], {
    execArgv: ['--import', 'tsx'],
  });
  const message = once(child, 'message') as Promise<[StackInfo]>;
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The supervisor exited with ${String(code)}.`);
  });
  const [info] = await Promise.race([message, failed]);
  failed.catch(() => undefined);
  return { child, info };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
