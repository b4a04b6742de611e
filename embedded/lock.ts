import { linkSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import { makeHome } from './files.ts';
import { isRunning, markProcess, type ProcessMark } from './processes.ts';

/**
 * Makes this process the only one that runs a stack in this home, until the returned function is called or the process
 * ends, however it ends.
 *
 * @throws PerennialError STACK_UNAVAILABLE naming the process that holds it.
 */
export function lockHome(home: string): () => void {
  makeHome(home);
  const lock = join(home, LOCK);
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, JSON.stringify(markProcess(process.pid)), { mode: 0o600 });
  try {
    // A link is made with its content in one step, and only where nothing is there.
    if (!tryLink(own, lock) && !(releaseDead(lock) && tryLink(own, lock))) {
      throw new PerennialError(
        'STACK_UNAVAILABLE',
        `Another process (${readHolder(lock)?.pid ?? 'just started'}) runs the stack in ${home}.`,
        {
          field: 'PERENNIAL_HOME',
          value: home,
          expected: 'a home of its own for each stack, or `perennial down` first',
        },
      );
    }
  } finally {
    unlinkSync(own);
  }
  let held = true;
  return () => {
    // Called again, it would remove the lock that another process has taken since.
    if (held) rmSync(lock, { force: true });
    held = false;
  };
}

/** The process that runs, starts or stops the stack of this home; undefined where none does. */
export function lockHolder(home: string): ProcessMark | undefined {
  const mark = readHolder(join(home, LOCK));
  return mark !== undefined && isRunning(mark) ? mark : undefined;
}

const LOCK = 'supervisor.lock';
const BREAK_MS = 5_000;

/**
 * Removes a lock whose holder is gone. Two processes must not do this at once: the second would remove the lock that
 * the first has just taken.
 */
function releaseDead(lock: string): boolean {
  const turn = `${lock}.turn`;
  try {
    mkdirSync(turn);
  } catch {
    // A process that died in this very moment left its turn behind.
    if (Date.now() - statSync(turn).mtimeMs > BREAK_MS) rmSync(turn, { recursive: true });
    return false;
  }
  try {
    const mark = readHolder(lock);
    if (mark !== undefined && isRunning(mark)) return false;
    rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(turn, { recursive: true });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(lock: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}
