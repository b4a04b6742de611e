import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FetchOptions } from './fetching.ts';

/**
 * Has the Temporal SDK download the command line into `scratch`. In a process of its own: the SDK's native runtime
 * exists once a process, and its owner may want it otherwise.
 *
 * @returns the path of the binary.
 * @throws Error where the host cannot be reached (after 0.1 s where it is blocked).
 */
export async function downloadTemporal(
  version: string,
  scratch: string,
  { onProgress, signal }: FetchOptions,
): Promise<string> {
  onProgress(`downloading Temporal ${version}`);
  const script = fileURLToPath(new URL('./temporalDownload.mjs', import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [script, version, scratch], { timeout: TIMEOUT_MS, signal });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new Error(`the download failed (${text || String(error)})`, { cause: error });
  }
  const name = readdirSync(scratch).find((entry) => entry.includes('temporal'));
  if (name === undefined) throw new Error('the download left no file');
  return join(scratch, name);
}

const TIMEOUT_MS = 300_000;
