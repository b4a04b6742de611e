import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../store/types.ts';

/** Local copies of large artifacts, by digest, and scratch folders of activities. Everything here can be lost. */
export interface Files {
  /** Gives `body` the path of a local copy of the artifact, verified, which stays for as long as `body` works. */
  use<T>(digest: string, signal: AbortSignal, body: (path: string) => Promise<T>): Promise<T>;
  /** Gives `body` a folder of its own and removes it, whatever happens. */
  scratch<T>(purpose: string, body: (folder: string) => Promise<T>): Promise<T>;
}

/** Copies kept at the most besides those in use; the least recently used goes first. */
const MAX_COPIES = 8;

/** @param root a folder of this process's own: two trainers do not share one */
export async function openFiles(root: string, artifacts: ArtifactStore): Promise<Files> {
  const copies = join(root, 'artifacts');
  await rm(join(root, 'scratch'), { recursive: true, force: true }); // Left by a process that was killed.
  await mkdir(copies, { recursive: true });
  await mkdir(join(root, 'scratch'), { recursive: true });
  const users = new Map<string, number>();
  const count = (digest: string, change: number): void => {
    const left = (users.get(digest) ?? 0) + change;
    if (left > 0) users.set(digest, left);
    else users.delete(digest);
  };
  return {
    async use(digest, signal, body) {
      const path = join(copies, digest);
      count(digest, 1);
      try {
        if (!(await isWhole(path, digest))) await artifacts.getFile(digest, path, { signal });
        await utimes(path, new Date(), new Date());
        await trim(copies, (name) => users.has(name));
        return await body(path);
      } finally {
        count(digest, -1);
      }
    },
    async scratch(purpose, body) {
      const folder = await mkdtemp(join(root, 'scratch', `${purpose}-`));
      try {
        return await body(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function isWhole(path: string, digest: string): Promise<boolean> {
  try {
    await stat(path);
  } catch {
    return false;
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex') === digest;
}

/** What is being written has a name that is no digest, and is left alone. */
async function trim(folder: string, isUsed: (name: string) => boolean): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name) && !isUsed(name));
  const entries = await Promise.all(
    names.map(async (name) => ({
      name,
      used: await stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0, // Removed by another activity meanwhile.
      ),
    })),
  );
  entries.sort((a, b) => b.used - a.used);
  await Promise.all(entries.slice(MAX_COPIES).map(({ name }) => rm(join(folder, name), { force: true })));
}
