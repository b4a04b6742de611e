import type { TrainingProgress, TrainingResult } from '../workflows/messages.ts';
import type { TrainingHandle } from './trainingHandle.ts';

export interface Follower {
  onProgress: (progress: TrainingProgress) => void;
  /** Told about a server that does not answer, and with undefined when it does again. */
  onTrouble: (text: string | undefined) => void;
  /** Ends the waiting, not the run. */
  signal?: AbortSignal;
}

const POLL_MS = 400;

/**
 * Waits for a run's end and tells how it goes on, the last state included.
 *
 * @returns undefined where the signal ended the waiting.
 * @throws what TrainingHandle.result throws.
 */
export async function follow(
  handle: TrainingHandle,
  follower: Follower,
): Promise<TrainingResult | undefined> {
  const { onProgress, onTrouble, signal } = follower;
  const left = new Promise<undefined>((resolve) =>
    signal?.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  let ended = false;
  const result = handle
    .result({
      onUnreachable: (ms) =>
        onTrouble(`Temporal does not answer (${Math.round(ms / 1_000)} s); still waiting`),
    })
    .finally(() => (ended = true));
  result.catch(() => undefined); // Awaited below; until then the polling may be under way.
  while (!ended && !signal?.aborted) {
    // A worker that is being restarted cannot answer; the run's end does not depend on it.
    const progress = await Promise.race([
      handle.progress().catch(() => undefined),
      left,
      result.then(ignore, ignore),
    ]);
    if (progress) {
      onTrouble(undefined);
      onProgress(progress);
    }
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, POLL_MS)),
      left,
      result.then(ignore, ignore),
    ]);
  }
  if (signal?.aborted) return undefined;
  const last = await handle.progress().catch(() => undefined);
  if (last) onProgress(last);
  return result;
}

function ignore(): undefined {
  return undefined;
}
