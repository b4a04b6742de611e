import type { RolloutProgress } from '../workflows/rolloutMessages.ts';
import type { RolloutHandle } from './rolloutHandle.ts';

export interface RolloutFollower {
  onProgress: (progress: RolloutProgress) => void;
  /** Told about a server that does not answer, and with undefined when it does again. */
  onTrouble: (text: string | undefined) => void;
  /** Ends the waiting, not the rollout. */
  signal?: AbortSignal;
  /** Waits for the end of the probation too; else the promotion is enough. */
  toEnd?: boolean;
}

const POLL_MS = 500;

/**
 * Waits until a rollout is decided, and tells how it goes on, the last state included.
 *
 * @returns the last state; undefined where the signal ended the waiting.
 * @throws what RolloutHandle.result throws.
 */
export async function followRollout(
  handle: RolloutHandle,
  follower: RolloutFollower,
): Promise<RolloutProgress | undefined> {
  const { onProgress, onTrouble, signal, toEnd = false } = follower;
  const left = new Promise<undefined>((resolve) =>
    signal?.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const waiting = new AbortController();
  let ended = false;
  const result = handle
    .result({
      signal: waiting.signal,
      onUnreachable: (ms) =>
        onTrouble(`Temporal does not answer (${Math.round(ms / 1_000)} s); still waiting`),
    })
    .finally(() => (ended = true));
  const over = result.then(ignore, ignore);
  try {
    while (!ended && !signal?.aborted) {
      // A worker that is being restarted cannot answer; the rollout's end does not depend on it.
      const progress = await Promise.race([handle.progress().catch(ignore), left, over]);
      if (progress) {
        onTrouble(undefined);
        onProgress(progress);
        if (progress.phase === 'probation' && !toEnd) return progress;
      }
      await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), left, over]);
    }
    if (signal?.aborted) return undefined;
    await result;
  } finally {
    waiting.abort();
  }
  const last = await handle.progress();
  onProgress(last);
  return last;
}

function ignore(): undefined {
  return undefined;
}
