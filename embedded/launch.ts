import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import { MEBIBYTE } from '../config/units.ts';
import { markProcess, stopProcess, type ProcessMark } from './processes.ts';

/** A child process of this one. */
export interface RunningProcess {
  mark: ProcessMark;
  /** Settles with a sentence once the process is gone, however it went. Never rejects. */
  exited: Promise<string>;
  /** Asks, waits for the grace, kills. Resolves once the process is gone. */
  stop(): Promise<void>;
}

export interface LaunchOptions {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** File that its output is added to. */
  log: string;
  /** Called with each message of a Node child; opens the IPC channel. */
  onMessage?: (message: unknown) => void;
  stopSignal: NodeJS.Signals;
  graceMs: number;
  /** Called before anything else happens: who is told can stop it while it starts, and leave a trace of it. */
  onSpawn?: (child: RunningProcess) => void;
}

/**
 * Starts a process in a session of its own: a Ctrl-C on the terminal reaches its parent alone, which then stops its
 * children in the right order.
 *
 * @throws PerennialError STACK_UNAVAILABLE where it cannot be executed.
 */
export async function launch(options: LaunchOptions): Promise<RunningProcess> {
  const log = openLog(options.log);
  const child = spawn(options.command, options.args, {
    env: options.env,
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
    detached: true,
    stdio: ['ignore', log, log, ...(options.onMessage ? (['ipc'] as const) : [])],
  });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`),
    );
  });
  const mark = child.pid === undefined ? undefined : markProcess(child.pid);
  if (mark === undefined) {
    throw new PerennialError(
      'STACK_UNAVAILABLE',
      `${options.name} ${await exited} (${options.command}).${tail(options.log)}`,
    );
  }
  const running: RunningProcess = {
    mark,
    exited,
    async stop() {
      await stopProcess(mark, options.stopSignal, options.graceMs);
      await exited;
    },
  };
  options.onSpawn?.(running);
  if (options.onMessage) child.on('message', options.onMessage);
  return running;
}

/** The last lines of a log, for the message of an error. */
export function tail(path: string, lines = 12): string {
  try {
    const text = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n  ');
    return text === '' ? '' : `\n  ${text}\n  (${path})`;
  } catch {
    return '';
  }
}

const MAX_LOG_BYTES = 8 * MEBIBYTE;

/** Appends; a file that has grown past 8 MiB becomes `<name>.1` first, replacing the one before. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  try {
    if (statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // There is no log yet.
  }
  return openSync(path, 'a', 0o600);
}
