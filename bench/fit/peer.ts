import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';
import type { Fit } from './ours.ts';

export interface FitPeer {
  /** Of its packages, for the record. */
  versions: string;
  /** @param work what fit_peer.py reads */
  fit(work: object): Promise<Fit>;
  close(): void;
}

/** Starts LightGBM and scikit-learn in a process that stays, so that no fit pays for the start. @throws where that Python has them not */
export async function startFitPeer(python: string): Promise<FitPeer> {
  const script = fileURLToPath(new URL('./peers/fit_peer.py', import.meta.url));
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment({ OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${python} ended; has it lightgbm and scikit-learn?`);
    return JSON.parse(line.value) as unknown;
  };
  const { versions } = (await read()) as { versions: string };
  return {
    versions,
    async fit(work) {
      child.stdin.write(`${JSON.stringify(work)}\n`);
      return (await read()) as Fit;
    },
    close: () => child.kill(),
  };
}
