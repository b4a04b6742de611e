import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPython } from '../python.ts';
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
  const script = new URL('./peers/quality_peer.py', import.meta.url);
  const { facts, ask, kill } = await startPython<{ versions: string }>(
    ...([python, script, 'lightgbm and scikit-learn'] as const),
  );
  const files = { x: join(folder, 'peer.x'), y: join(folder, 'peer.y'), folds: join(folder, 'peer.folds') };
  let shape = {};
  return {
    versions: facts.versions,
    show({ problem: { task, classes, rows, columns, x, y }, folds }) {
      writeFileSync(files.x, x);
      writeFileSync(files.y, y);
      const plain = folds.map(({ train, test }) => ({ train: Array.from(train), test: Array.from(test) }));
      writeFileSync(files.folds, JSON.stringify(plain));
      shape = { task, classes, rows, columns, ...files };
    },
    async score(learner, seed) {
      const { scores, seconds } = await ask<Answer>({ learner, seed, ...shape });
      const names = Object.keys(scores[0]);
      return {
        scores: Object.fromEntries(names.map((name) => [name, scores.map((fold) => fold[name])])),
        seconds,
      };
    },
    close: kill,
  };
}

interface Answer {
  /** By fold. */
  scores: Record<string, number>[];
  seconds: number;
}
