import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, type Environment } from '../config/environment.ts';
import { PerennialError, type ErrorCode } from '../config/errors.ts';
import { makeHome } from './files.ts';
import { lockHolder } from './lock.ts';
import { isRunning, stopProcess, waitUntil } from './processes.ts';
import { readStack, stopLeftovers, type StackInfo } from './stackFile.ts';
import type { StackEvent } from './supervisor.ts';
import { nodeArguments, variablesOf } from './worker.ts';

/** What a supervisor tells the process that waits for it. */
export type SupervisorMessage =
  { event: StackEvent } | { ready: true } | { error: { code: ErrorCode; message: string } };

/**
 * The stack of this home: the one that runs, or a new one in the background, which outlives this process.
 *
 * @throws PerennialError STACK_UNAVAILABLE
 */
export async function ensureStack(
  environment: Environment,
  onEvent: (event: StackEvent) => void = () => undefined,
): Promise<StackInfo> {
  const { home } = environment;
  const running = readStack(home);
  if (running?.ready) return running;
  if (lockHolder(home) === undefined) {
    await startInBackground(environment, onEvent).catch((error: unknown) => {
      // Somebody else was quicker; then there is one to wait for.
      if (lockHolder(home) === undefined) throw error;
    });
  }
  const settled = () => readStack(home)?.ready === true || lockHolder(home) === undefined;
  if (!settled()) {
    const message = `waiting for process ${lockHolder(home)?.pid}, which is starting the stack`;
    onEvent({ part: 'stack', state: 'working', message });
    await waitUntil(settled, START_TIMEOUT_MS);
  }
  const info = readStack(home);
  if (info?.ready) return info;
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `The stack in ${home} did not start; ${logOf(home)} says why.`,
  );
}

/**
 * Stops the stack of this home and whatever a killed one left behind.
 *
 * @returns false where nothing ran.
 */
export async function stopStack(home: string): Promise<boolean> {
  const holder = lockHolder(home);
  if (holder !== undefined) await stopProcess(holder, 'SIGTERM', STOP_TIMEOUT_MS);
  const left = await stopLeftovers(home);
  return holder !== undefined || left.length > 0;
}

/** The parts that this stack runs itself, and whether each is there in this moment. */
export function partsOf(info: StackInfo): { name: string; pid: number; running: boolean }[] {
  return Object.entries(info.parts).map(([name, mark]) => ({
    name,
    pid: mark.pid,
    running: isRunning(mark),
  }));
}

/** The first start may build Temporal for 5 minutes, twice that on a slow machine. */
const START_TIMEOUT_MS = 1_200_000;
/** 10 s for the workers, 10 for Temporal, what Postgres needs for its checkpoint. */
const STOP_TIMEOUT_MS = 90_000;

async function startInBackground(
  environment: Environment,
  onEvent: (event: StackEvent) => void,
): Promise<void> {
  makeHome(environment.home);
  const log = openSync(logOf(environment.home), 'a', 0o600);
  const [flag, tsx, script] = nodeArguments('./supervise.ts') as [string, string, string];
  const child = fork(script, {
    execArgv: [flag, tsx],
    env: childEnvironment(variablesOf(environment)),
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const exited = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(
        new PerennialError(
          'STACK_UNAVAILABLE',
          `The supervisor ended with code ${code}; ${logOf(environment.home)} says why.`,
        ),
      ),
    );
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: SupervisorMessage) => {
      if ('event' in message) onEvent(message.event);
      else if ('error' in message) reject(new PerennialError(message.error.code, message.error.message));
      else resolve();
    });
  });
  try {
    await Promise.race([ready, exited]);
  } finally {
    exited.catch(() => undefined);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function logOf(home: string): string {
  return join(home, 'logs', 'supervisor.log');
}
