import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { CLOSED_SUFFIX, OPEN_SUFFIX, type Segment } from './segment.ts';

/**
 * Gateways that share a home write into directories of their own, and ship what dead ones left behind. That needs no
 * lock: closed segments may be shipped by anybody, since each lands once. Only an open one must belong to a process
 * that is certainly gone.
 */
export interface OwnDirectory {
  path: string;
  /** The process no longer writes here. */
  release(): Promise<void>;
}

export async function makeOwnDirectory(home: string): Promise<OwnDirectory> {
  const path = join(home, v7());
  held.add(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const mark = join(path, OWNER);
  await writeFile(mark, JSON.stringify({ host: HOST, pid: process.pid }), { mode: 0o600 });
  const beat = setInterval(() => {
    const now = new Date();
    // The next one will do it.
    utimes(mark, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  return {
    path,
    async release() {
      clearInterval(beat);
      held.delete(path);
      await removeIfEmpty(path);
    },
  };
}

/** Looks for directories whose process is gone, again and again. */
export class Heir {
  readonly #home: string;
  /** By directory: the last sign of life, and since when (of this process's clock) there was no other. */
  readonly #seen = new Map<string, { sign: number; sinceMs: number }>();

  constructor(home: string) {
    this.#home = home;
  }

  /** Closed segments of the dead, oldest first. A directory in which nothing is left is removed. */
  async find(): Promise<Segment[]> {
    const entries = await readdir(this.#home, { withFileTypes: true });
    const found: Segment[] = [];
    for (const entry of entries.filter((e) => e.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(this.#home, entry.name);
      if (!this.#isAbandoned(path)) continue;
      // Another gateway may be at the same directory: whatever it has taken away since is in its hands.
      try {
        const segments = await closeAll(path);
        if (segments.length === 0) await removeIfEmpty(path);
        found.push(...segments);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return found;
  }

  #isAbandoned(path: string): boolean {
    if (held.has(path)) return false;
    const owner = readOwner(path);
    if (owner?.host === HOST && (owner.pid === process.pid || !runs(owner.pid))) return true;
    // Of another machine or container, or with a pid that somebody else may have by now: only silence tells. By a clock
    // that stands still while this machine sleeps, so that waking up makes nobody look dead.
    const sign = lastSign(path);
    const nowMs = performance.now();
    const seen = this.#seen.get(path);
    if (seen?.sign === sign) return nowMs - seen.sinceMs > SILENCE_MS;
    this.#seen.set(path, { sign, sinceMs: nowMs });
    return false;
  }
}

const OWNER = 'owner.json';
const BEAT_MS = 1_000;
const SILENCE_MS = 30_000;

/** Directories of this process: tests run several gateways in one. */
const held = new Set<string>();

/** Pids mean something within one boot of one host, and there within one container. */
const HOST = [
  hostname(),
  orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  orNothing(() => readlinkSync('/proc/self/ns/pid')),
].join(' ');

/** Only Linux has these files. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function readOwner(path: string): { host: string; pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(path, OWNER), 'utf8')) as { host: string; pid: number };
  } catch {
    return undefined;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function lastSign(path: string): number {
  for (const file of [join(path, OWNER), path]) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found) return found.mtimeMs;
  }
  return 0;
}

async function closeAll(path: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of (await readdir(path)).sort()) {
    const id = name.slice(0, name.lastIndexOf('.'));
    const closed = join(path, id + CLOSED_SUFFIX);
    if (name.endsWith(OPEN_SUFFIX)) await rename(join(path, name), closed);
    else if (!name.endsWith(CLOSED_SUFFIX)) continue;
    segments.push({ path: closed, id, bytes: (await stat(closed)).size });
  }
  return segments;
}

async function removeIfEmpty(path: string): Promise<void> {
  const left = await readdir(path).catch(() => []);
  if (left.some((name) => name !== OWNER)) return;
  await rm(join(path, OWNER), { force: true });
  // Removed by another, or written to in between.
  await rmdir(path).catch(() => {});
}
