import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PerennialError } from '../config/errors.ts';

/**
 * A folder that appears at once and whole, by a rename, after `write` has filled it.
 *
 * @returns its absolute path, and what `write` gave
 * @throws PerennialError INVALID_INPUT where something lies there already
 */
export async function writeNewFolder<T>(
  out: string,
  write: (folder: string) => Promise<T>,
): Promise<{ directory: string; written: T }> {
  const directory = resolve(out);
  await refuseOccupied(directory);
  await mkdir(dirname(directory), { recursive: true });
  // Not mkdtemp, which makes a folder that its owner alone can read.
  const scratch = join(dirname(directory), `.${basename(directory)}-${randomUUID()}`);
  await mkdir(scratch);
  try {
    const written = await write(scratch);
    // Replaces an empty folder; fails where somebody has put a file there meanwhile.
    await rename(scratch, directory);
    return { directory, written };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function refuseOccupied(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new PerennialError('INVALID_INPUT', `${directory} is not a folder that can be written.`, {
      field: '--out',
      value: directory,
      expected: 'a folder that does not exist yet, or an empty one',
      cause: error,
    });
  });
  if (entries.length === 0) return;
  throw new PerennialError('INVALID_INPUT', `${directory} is not empty; nothing was written.`, {
    field: '--out',
    value: directory,
    expected: 'a folder that does not exist yet, or an empty one',
  });
}
