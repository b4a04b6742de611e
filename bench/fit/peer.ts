import { startPython } from '../python.ts';
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
  const script = new URL('./peers/fit_peer.py', import.meta.url);
  interface Facts {
    python: string;
    numpy: string;
    peers: FitPeers['versions'];
  }
  const { facts, ask, kill } = await startPython<Facts>(python, script, 'numpy and scikit-learn');
  return {
    versions: facts.peers,
    python: `Python ${facts.python}, numpy ${facts.numpy}`,
    fit: ask<Fit>,
    close: kill,
  };
}
