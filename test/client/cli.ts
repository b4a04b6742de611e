import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';

export const BIN = fileURLToPath(new URL('../../client/bin.mjs', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The last line of stdout. */
  json: () => Record<string, unknown>;
}

export interface Call {
  /** Of another checkout; default this one. */
  bin?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** Sends SIGINT as soon as the output says this. */
  interruptAt?: string;
  /** Sends SIGKILL when it is aborted. */
  kill?: AbortSignal;
}

/** Runs the real `perennial` as a process of its own, without a terminal. */
export async function perennial(
  args: string[],
  { bin = BIN, cwd, env = {}, interruptAt, kill }: Call = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: {
      ...childEnvironment({ NO_COLOR: '', FORCE_COLOR: '', CI: '1' }),
      TEMPORAL_ADDRESS: '',
      DATABASE_URL: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  kill?.addEventListener('abort', () => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  const look = (): void => {
    if (interruptAt === undefined || interrupted || !`${stdout}${stderr}`.includes(interruptAt)) return;
    interrupted = true;
    child.kill('SIGINT');
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    look();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return {
    code,
    stdout,
    stderr,
    json: () => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>,
  };
}
