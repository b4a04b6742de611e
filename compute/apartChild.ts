import { isOutOfMemory } from './limits.ts';
import { createPool, type CrossValidateRequest } from './pool.ts';
import type { FoldScore } from './thread.ts';

/** The process of one candidate: computes on a thread, and ends itself where it takes more memory than it may. */
export interface ApartQuestion extends Pick<
  CrossValidateRequest,
  'problem' | 'learner' | 'params' | 'seed' | 'folds' | 'positive'
> {
  bytes: number;
  /** What its thread runs: to compile it here would take of the candidate's memory and time. */
  code: string;
}

export type ApartReply =
  { fold: number } | { scores: FoldScore[] } | { outOfMemory: string } | { failure: string };

/** Memory is looked at so often. A learner takes megabytes a millisecond at the most. */
const LOOK_EVERY_MS = 10;

process.once('message', ({ bytes, code, ...request }: ApartQuestion) => {
  const look = setInterval(() => {
    const resident = process.memoryUsage.rss();
    if (resident > bytes) end({ outOfMemory: `its process took ${resident} bytes` });
  }, LOOK_EVERY_MS);
  const pool = createPool({ threads: 1, code });
  pool
    .scoreFolds({ ...request, onFold: (fold) => process.send?.({ fold } satisfies ApartReply) })
    .then((scores) => end({ scores }))
    .catch((error: unknown) =>
      end(
        isOutOfMemory(error)
          ? { outOfMemory: 'the heap of its thread was full' }
          : { failure: error instanceof Error ? error.message : String(error) },
      ),
    );

  let ended = false;
  function end(reply: ApartReply): void {
    if (ended) return;
    ended = true;
    clearInterval(look);
    process.send?.(reply, () => process.exit());
  }
});
// Whoever asked is gone.
process.once('disconnect', () => process.exit());
