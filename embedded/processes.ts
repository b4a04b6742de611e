import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that can be found again after its parent died: a pid alone may have been given to somebody else. */
export interface ProcessMark {
  pid: number;
  /** When it started, as the system tells it. */
  started: string;
}

/** @returns undefined where no such process runs; a zombie does not run. */
export function markProcess(pid: number): ProcessMark | undefined {
  const started = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isRunning(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.started === mark.started;
}

/** Sends `signal`, waits, then SIGKILL. Resolves once the process is gone; at once where it is gone already. */
export async function stopProcess(mark: ProcessMark, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!isRunning(mark)) return;
  send(mark.pid, signal);
  if (await waitUntil(() => !isRunning(mark), graceMs)) return;
  send(mark.pid, 'SIGKILL');
  await waitUntil(() => !isRunning(mark), KILL_WAIT_MS);
}

/** Polls every 50 ms; false where it never became true in time. */
export async function waitUntil(holds: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (holds()) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The command line of a process, for telling what an unknown pid is. */
export function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return ps(pid, 'args=');
  } catch {
    return undefined;
  }
}

/** After SIGKILL only the kernel can delay the end (a write to a slow disk). */
const KILL_WAIT_MS = 10_000;

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Fields of proc(5) stat, counted after the command's closing bracket: 0 is the state, 19 the start in clock ticks. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X' || fields[19] === undefined) return undefined;
    return `${bootId()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Ticks count from the boot: without this id a pid of the last boot could match by chance. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function startByPs(pid: number): string | undefined {
  try {
    const [state, ...start] = ps(pid, 'stat=,lstart=').trim().split(/\s+/);
    return !state || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  return execFileSync('ps', ['-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
