import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../config/environment.ts';

/** A Python process that answers a line of JSON with a line of JSON, and stays, so that no answer pays for its start. */
export interface Python<Facts> {
  /** What it said first. */
  facts: Facts;
  pid: number;
  /** One question at a time. */
  ask: <Answer>(question: object) => Promise<Answer>;
  /** Ends it now, whatever it does. */
  kill: () => void;
  /** Lets it end by itself: it takes its worker processes along, which hold its output open where it is killed. */
  end: () => void;
}

/**
 * Starts a script of the peers. One thread a fit: what runs side by side are fits, or the peer is told its number.
 *
 * @param packages that it needs, for the message
 * @throws Error where that Python has them not
 */
export async function startPython<Facts>(
  python: string,
  script: URL,
  packages: string,
): Promise<Python<Facts>> {
  const child = spawn(python, [fileURLToPath(script)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment({ OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function read<T>(): Promise<T> {
    const line = await lines.next();
    if (line.done) throw new Error(`${python} ended; has it ${packages}?`);
    return JSON.parse(line.value) as T;
  }
  return {
    facts: await read<Facts>(),
    pid: child.pid ?? 0,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return read();
    },
    kill: () => void child.kill(),
    end() {
      child.stdin.end();
      child.stdout.destroy();
      child.unref();
    },
  };
}
