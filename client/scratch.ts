import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  path: string;
  remove(): Promise<void>;
}

/**
 * A folder for what does not fit into memory. Where nobody else listens to SIGINT and SIGTERM, either takes it along; a
 * program that listens ends in its own way, and removes it there.
 *
 * @param what in its name
 */
export async function makeScratch(what: string): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), `perennial-${what}-`));
  if (held.size === 0) for (const signal of SIGNALS) process.on(signal, end);
  held.add(path);
  return {
    path,
    async remove() {
      release(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const held = new Set<string>();

function end(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const path of held) {
    rmSync(path, { recursive: true, force: true });
    release(path);
  }
  process.kill(process.pid, signal);
}

function release(path: string): void {
  held.delete(path);
  if (held.size === 0) for (const signal of SIGNALS) process.off(signal, end);
}
