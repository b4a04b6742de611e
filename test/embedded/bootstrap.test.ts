import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, markProcess, waitUntil, type ProcessMark } from '../../embedded/processes.ts';

/** A clone in which nothing is installed, and an npm that takes its time. */
let clone: string;
const started: ProcessMark[] = [];

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'perennial-bootstrap-'));
  for (const directory of ['embedded', 'bin']) mkdirSync(join(clone, directory));
  copyFileSync(
    new URL('../../embedded/bootstrap.mjs', import.meta.url),
    join(clone, 'embedded/bootstrap.mjs'),
  );
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'bin/npm'), `#!/bin/sh\necho $$ > "${clone}/npm.pid"\nexec sleep 60\n`, {
    mode: 0o755,
  });
});

afterEach(() => {
  for (const mark of started.splice(0)) if (isRunning(mark)) process.kill(mark.pid, 'SIGKILL');
  rmSync(clone, { recursive: true, force: true });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s during the installation ends npm too', async (signal) => {
  const bootstrap = start(process.execPath, ['embedded/bootstrap.mjs', 'start']);
  const npm = await npmIsRunning();
  bootstrap.kill(signal);
  expect(await once(bootstrap, 'exit')).toEqual([null, signal]);
  expect(isRunning(npm)).toBe(false);
});

test('nothing stays when npm start and its shell are gone', async () => {
  const command = `"${process.execPath}" embedded/bootstrap.mjs start; exit $?`;
  const shell = start('/bin/sh', ['-c', command], { npm_lifecycle_event: 'start' });
  const npm = await npmIsRunning();
  shell.kill('SIGTERM');
  expect(await waitUntil(() => !isRunning(npm), 5_000)).toBe(true);
});

function start(program: string, args: string[], more: Record<string, string> = {}): ChildProcess {
  const PATH = `${join(clone, 'bin')}${delimiter}${process.env.PATH ?? ''}`;
  const environment: NodeJS.ProcessEnv = { ...process.env, PATH };
  delete environment.npm_lifecycle_event;
  const child = spawn(program, args, { cwd: clone, stdio: 'ignore', env: { ...environment, ...more } });
  remember(child.pid);
  return child;
}

async function npmIsRunning(): Promise<ProcessMark> {
  const file = join(clone, 'npm.pid');
  const written = () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n');
  expect(await waitUntil(written, 10_000)).toBe(true);
  return remember(Number(readFileSync(file, 'utf8')));
}

function remember(pid: number | undefined): ProcessMark {
  const mark = pid === undefined ? undefined : markProcess(pid);
  if (!mark) throw new Error(`There is no process ${pid}.`);
  started.push(mark);
  return mark;
}
