import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment, type Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { findOnPath, isExecutable } from './executables.ts';
import type { FetchOptions } from './fetching.ts';
import { buildTemporal } from './temporalBuild.ts';
import { downloadTemporal } from './temporalDownload.ts';

/** The newest version of the command line that `go install` can build: later ones carry a `replace`. */
export const TEMPORAL_VERSION = '1.5.1';

/**
 * A program that runs a Temporal development server: on PATH, in the cache, downloaded, or built with Go, in this
 * order. What is fetched stays in the cache, where every home finds it.
 *
 * @throws PerennialError STACK_UNAVAILABLE naming what was tried and the ways out.
 */
export async function findTemporal(
  environment: Pick<Environment, 'cache'>,
  how: FetchOptions,
): Promise<string> {
  const onPath = findOnPath('temporal', childEnvironment({}).PATH);
  if (onPath !== undefined && (await serves(onPath))) return onPath;
  const cached = join(environment.cache, `temporal-${TEMPORAL_VERSION}`, 'temporal');
  if (isExecutable(cached)) return cached;
  const tried: string[] = [];
  for (const fetch of [downloadTemporal, buildTemporal]) {
    const scratch = makeScratch(environment.cache);
    try {
      const fetched = await fetch(TEMPORAL_VERSION, scratch, how);
      if (!(await serves(fetched))) throw new Error(`${fetched} does not run here`);
      mkdirSync(join(cached, '..'), { recursive: true });
      renameSync(fetched, cached);
      return cached;
    } catch (error) {
      how.signal?.throwIfAborted();
      tried.push(error instanceof Error ? error.message : String(error));
    } finally {
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `No Temporal server is here and none could be fetched: ${tried.join('; ')}. Three ways on: install the Temporal command line ` +
      '(https://docs.temporal.io/cli#install) so that `temporal` is on PATH; install Go, with which it is built once in about 5 minutes; ' +
      'or set TEMPORAL_ADDRESS to a server of your own.',
  );
}

/** The oldest server that this project was run on. */
const OLDEST_SERVER = [1, 29];

/** Whether it answers, and carries a server that is new enough. */
async function serves(binary: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 20_000 });
    const [major, minor] = (/Server (\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
    if (major === undefined || minor === undefined) return false;
    return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
  } catch {
    return false;
  }
}

const SCRATCH = 'fetching-';
const STALE_MS = 2 * 3_600_000;

/** A folder of its own, after removing those that an interrupted fetch left behind. */
function makeScratch(cache: string): string {
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (name.startsWith(SCRATCH) && Date.now() - statSync(path).mtimeMs > STALE_MS)
      rmSync(path, { recursive: true, force: true });
  }
  return mkdtempSync(join(cache, SCRATCH));
}
