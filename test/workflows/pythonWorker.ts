import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';
import { pythonWith } from '../setup/python.ts';
import type { Bench } from './bench.ts';

export const QUEUE = 'trainer-python';

const trainer = fileURLToPath(new URL('../../examples/python-trainer/', import.meta.url));
const pins = join(trainer, 'requirements.txt');

/**
 * A Python with what the example asks for, or why there is none. The first time its environment is made: 500 MB from
 * PyPI.
 */
export function trainersPython(): ReturnType<typeof pythonWith> {
  return pythonWith(readFileSync(pins, 'utf8').trim().split('\n'), pins);
}

export interface PythonWorker {
  pid: number;
  /** What it has written to stderr. */
  said: () => string;
  /** Resolves once it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Resolves once it polls; its addresses come in the environment alone, and it leaves its scratch in the test's folder. */
export function startPythonWorker(
  python: string,
  { environment, folder }: Bench,
  threads = 1,
): Promise<PythonWorker> {
  const { temporalAddress = '', databaseUrl = '', namespace } = environment;
  const child = spawn(python, [join(trainer, 'worker.py')], {
    env: childEnvironment({
      ...{ TEMPORAL_ADDRESS: temporalAddress, DATABASE_URL: databaseUrl, PERENNIAL_NAMESPACE: namespace },
      ...{ PERENNIAL_THREADS: String(threads), TMPDIR: folder },
      ...{ PYTHONPYCACHEPREFIX: join(dirname(dirname(python)), 'pycache') },
    }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`worker.py ended with ${code}: ${said}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (child.pid === undefined || !said.includes('ready on the task queue')) return;
      resolve({
        pid: child.pid,
        said: () => said,
        async end(signal) {
          child.kill(signal);
          await ended;
        },
      });
    });
  });
}
