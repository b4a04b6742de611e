import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFiles, type Files } from '../../activities/files.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** Local copies of artifacts: verified, few, and never taken away from an activity that reads one. */

const bytesOf = (n: number) => Buffer.from(`artifact ${n}`);
const digestOf = (n: number) => createHash('sha256').update(bytesOf(n)).digest('hex');
const { signal } = new AbortController();

let root: string;
let files: Files;
let transfers: number;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'perennial-files-'));
  transfers = 0;
  const getFile = (digest: string, path: string): Promise<void> => {
    transfers++;
    const n = Array.from({ length: 50 }, (_, i) => i).find((i) => digestOf(i) === digest);
    writeFileSync(path, bytesOf(n ?? -1));
    return Promise.resolve();
  };
  files = await openFiles(root, { getFile } as unknown as ArtifactStore);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (n: number) => files.use(digestOf(n), signal, async (path) => (await readFile(path)).toString());

it('a copy is fetched once', async () => {
  expect(await read(1)).toBe('artifact 1');
  expect(await read(1)).toBe('artifact 1');
  expect(transfers).toBe(1);
});

it('a copy that was cut short is fetched again', async () => {
  await files.use(digestOf(1), signal, (path) => {
    writeFileSync(path, 'arti');
    return Promise.resolve();
  });
  expect(await read(1)).toBe('artifact 1');
  expect(transfers).toBe(2);
});

it('old copies go, one that is being read stays', async () => {
  let kept = '';
  await files.use(digestOf(0), signal, async (path) => {
    kept = path;
    for (let n = 1; n <= 20; n++) await read(n);
    expect(existsSync(path)).toBe(true);
  });
  for (let n = 21; n <= 30; n++) await read(n);
  expect(existsSync(kept)).toBe(false);
});

it('a scratch folder is gone afterwards, whatever happened in it', async () => {
  let folder = '';
  const work = files.scratch('test', (at) => {
    folder = at;
    writeFileSync(join(at, 'x'), 'y');
    return Promise.reject(new Error('broken'));
  });
  await expect(work).rejects.toThrow('broken');
  expect(existsSync(folder)).toBe(false);
});
