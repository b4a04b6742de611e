import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';

/** What a search came to, on either side. */
export interface Found {
  /** Of search and refit, by the clock. */
  seconds: number;
  /** Mean accuracy of the best candidate over the folds, and of its model on the hold-out. */
  cv: number;
  accuracy: number;
  best: Record<string, unknown>;
}

export interface SearchPeer {
  /** Of its packages, for the record. */
  versions: string;
  /** Of the process whose descendants compute. */
  pid: number;
  /** @param work what search_peer.py reads */
  search(work: object): Promise<Found>;
  close(): void;
}

/** Starts scikit-learn in a process that stays, so that no search pays for the start. @throws where that Python has it not */
export async function startSearchPeer(python: string): Promise<SearchPeer> {
  const script = fileURLToPath(new URL('./peers/search_peer.py', import.meta.url));
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // One thread a fit, the fits side by side: what GridSearchCV's `n_jobs` is for.
    env: childEnvironment({ OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${python} ended; has it scikit-learn and lightgbm?`);
    return JSON.parse(line.value) as unknown;
  };
  const { versions } = (await read()) as { versions: string };
  return {
    versions,
    pid: child.pid ?? 0,
    async search(work) {
      child.stdin.write(`${JSON.stringify(work)}\n`);
      return (await read()) as Found;
    },
    close() {
      // At its own end it takes its worker processes along, which hold its output open where it is killed.
      child.stdin.end();
      child.stdout.destroy();
      child.unref();
    },
  };
}
