import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MEBIBYTE } from '../config/units.ts';
import { throwIfCancelled } from './engine.ts';

/** SHA-256 of a file, 64 hex digits, in bounded memory. `onProgress` is told the bytes so far after each 4 MiB. */
export async function hashFile(
  path: string,
  options: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * MEBIBYTE })) {
    throwIfCancelled(options.signal);
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    options.onProgress?.(bytes);
  }
  return hash.digest('hex');
}
