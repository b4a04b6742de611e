import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config/environment.ts';
import { COLUMNS } from './data.ts';

/** What other people's comparisons are called, and what each does. */
export const PEERS = {
  alibi: 'Alibi Detect KSDrift',
  evidently: 'Evidently DataDriftPreset',
  'evidently-ks': 'Evidently DataDriftPreset, KS',
  scipy: 'scipy ks_2samp, a loop',
} as const;
export type PeerName = keyof typeof PEERS;

/** One comparison of all columns. */
export interface Compared {
  /** Wall time. */
  ms: number;
  /** By column; absent where the tool does not give them so. */
  p?: number[];
  statistic?: number[];
}

export interface Peer {
  versions: string;
  compare(rows: number): Promise<Compared>;
  close(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./peers/drift_peer.py', import.meta.url));

/**
 * Starts a peer with the first of these Pythons that has its packages.
 *
 * @param folder where `writeSamples` has written
 * @returns undefined where none has them
 */
export async function startPeer(
  name: PeerName,
  pythons: readonly string[],
  folder: string,
): Promise<Peer | undefined> {
  for (const python of pythons) {
    const peer = await tryPeer(name, python, folder);
    if (peer) return peer;
  }
  return undefined;
}

async function tryPeer(name: PeerName, python: string, folder: string): Promise<Peer | undefined> {
  const child = spawn(python, [SCRIPT, name, folder, String(COLUMNS)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    cwd: dirname(SCRIPT),
    env: childEnvironment({ DO_NOT_TRACK: '1', PATH: process.env.PATH ?? '' }),
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    // There is no such program.
    child.once('error', () => resolve());
  });
  // A peer that is gone is told by its missing answer.
  child.stdin.on('error', () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const next = await Promise.race([answers.next(), ended.then(() => undefined)]);
    return next && !next.done ? (JSON.parse(next.value) as unknown) : undefined;
  };
  const hello = (await answer()) as { versions: string } | undefined;
  if (!hello) return undefined;
  return {
    versions: hello.versions,
    async compare(rows) {
      child.stdin.write(`${rows}\n`);
      const compared = (await answer()) as Compared | undefined;
      if (!compared) throw new Error(`${PEERS[name]} ended without an answer`);
      return compared;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
