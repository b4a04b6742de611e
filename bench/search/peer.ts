import { startPython } from '../python.ts';

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
  const script = new URL('./peers/search_peer.py', import.meta.url);
  const { facts, pid, ask, end } = await startPython<{ versions: string }>(
    ...([python, script, 'scikit-learn and lightgbm'] as const),
  );
  return { versions: facts.versions, pid, search: ask<Found>, close: end };
}
