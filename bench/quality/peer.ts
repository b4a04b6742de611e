import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';
import type { Encoded } from './encoded.ts';

/** A metric by fold. */
export type Scores = Record<string, number[]>;

export interface QualityPeer {
  /** Of its packages, for the record. */
  versions: string;
  /** Which rows the next calls are about. */
  show(encoded: Encoded): void;
  /** Cross-validates the peer of a learner on those rows and folds. */
  score(learner: string, seed: number): Promise<{ scores: Scores; seconds: number }>;
  close(): void;
}

/** Starts scikit-learn and LightGBM in a process that stays. @throws where that Python has them not */
export async function startQualityPeer(python: string, folder: string): Promise<QualityPeer> {
  const script = fileURLToPath(new URL('./peers/quality_peer.py', import.meta.url));
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
  const files = { x: join(folder, 'peer.x'), y: join(folder, 'peer.y'), folds: join(folder, 'peer.folds') };
  let shape = {};
  return {
    versions,
    show({ problem: { task, classes, rows, columns, x, y }, folds }) {
      writeFileSync(files.x, x);
      writeFileSync(files.y, y);
      const plain = folds.map(({ train, test }) => ({ train: Array.from(train), test: Array.from(test) }));
      writeFileSync(files.folds, JSON.stringify(plain));
      shape = { task, classes, rows, columns, ...files };
    },
    async score(learner, seed) {
      child.stdin.write(`${JSON.stringify({ learner, seed, ...shape })}\n`);
      const { scores, seconds } = (await read()) as { scores: Record<string, number>[]; seconds: number };
      const names = Object.keys(scores[0]);
      return {
        scores: Object.fromEntries(names.map((name) => [name, scores.map((fold) => fold[name])])),
        seconds,
      };
    },
    close: () => child.kill(),
  };
}
