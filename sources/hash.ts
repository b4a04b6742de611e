import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MEBIBYTE } from '../config/units.ts';
import { throwIfCancelled } from './engine.ts';
import { GzipCheck } from './gzip.ts';

/**
 * SHA-256 of a file, 64 hex digits, in bounded memory. `onProgress` is told the bytes so far after each 4 MiB. With
 * `gzip`, a damaged stream throws.
 */
export async function hashFile(
  path: string,
  options: { signal?: AbortSignal; onProgress?: (bytes: number) => void; gzip?: boolean } = {},
): Promise<string> {
  const hash = createHash('sha256');
  const check = options.gzip ? new GzipCheck() : undefined;
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 4 * MEBIBYTE })) {
      throwIfCancelled(options.signal);
      hash.update(chunk as Buffer);
      await check?.write(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      options.onProgress?.(bytes);
    }
    await check?.end();
  } finally {
    check?.close();
  }
  return hash.digest('hex');
}
