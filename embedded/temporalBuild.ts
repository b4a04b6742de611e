import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../config/environment.ts';
import { findOnPath } from './executables.ts';
import type { FetchOptions } from './fetching.ts';

/**
 * Builds the Temporal command line with Go, in private folders below `scratch`.
 *
 * @returns the path of the binary, 250 MB.
 * @throws Error where there is no Go or the build fails.
 */
export async function buildTemporal(
  version: string,
  scratch: string,
  { onProgress, signal }: FetchOptions,
): Promise<string> {
  const go = findOnPath('go', childEnvironment({}).PATH);
  if (go === undefined) throw new Error('Go is not on PATH');
  const started = performance.now();
  let packages = 0;
  const report = () => {
    const seconds = Math.round((performance.now() - started) / 1000);
    onProgress(
      `building Temporal ${version} with Go: ${packages} packages, ${seconds} s (once; about 5 minutes on 2 cores)`,
    );
  };
  report();
  const timer = setInterval(report, 5_000);
  try {
    const module = `github.com/temporalio/cli/cmd/temporal@v${version}`;
    await run(go, ['install', '-v', module], { scratch, signal, onLine: () => packages++ });
  } finally {
    clearInterval(timer);
  }
  return join(scratch, 'bin', 'temporal');
}

interface Build {
  scratch: string;
  signal?: AbortSignal;
  onLine: () => void;
}

function run(go: string, args: string[], { scratch, signal, onLine }: Build): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(go, args, {
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: childEnvironment({
        GOPATH: join(scratch, 'path'),
        GOMODCACHE: join(scratch, 'modules'),
        GOCACHE: join(scratch, 'cache'),
        GOBIN: join(scratch, 'bin'),
        // Go's modules are read-only otherwise and the folder could not be removed.
        GOFLAGS: '-modcacherw',
        // The server's SQLite is written in Go, so no C compiler is needed.
        CGO_ENABLED: '0',
      }),
    });
    const last: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      onLine();
      last.push(line);
      if (last.length > 5) last.shift();
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) =>
      code === 0
        ? resolve()
        : reject(new Error(`go install ended with ${killedBy ?? code}: ${last.join(' | ')}`)),
    );
  });
}
