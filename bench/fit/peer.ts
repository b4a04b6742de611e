import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';
import type { Fit } from './ours.ts';
import type { Peer } from './works.ts';

export interface FitPeers {
  /** By peer; those that its Python has not are not there. */
  versions: Partial<Record<Peer, string>>;
  /** Of Python and numpy, for the record. */
  python: string;
  /** @param work what fit_peer.py reads */
  fit(work: object): Promise<Fit>;
  close(): void;
}

/**
 * Starts the peers in a process that stays, so that no fit pays for the start.
 *
 * @throws Error where that Python has no numpy or scikit-learn
 */
export async function startFitPeers(python: string): Promise<FitPeers> {
  const script = fileURLToPath(new URL('./peers/fit_peer.py', import.meta.url));
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment({ OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${python} ended; has it numpy and scikit-learn?`);
    return JSON.parse(line.value) as unknown;
  };
  const facts = (await read()) as { python: string; numpy: string; peers: FitPeers['versions'] };
  return {
    versions: facts.peers,
    python: `Python ${facts.python}, numpy ${facts.numpy}`,
    async fit(work) {
      child.stdin.write(`${JSON.stringify(work)}\n`);
      return (await read()) as Fit;
    },
    close: () => child.kill(),
  };
}
