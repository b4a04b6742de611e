import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { orchestrator, step } from '../options.ts';

/** The time of a search. */
export interface Deadline {
  over: () => boolean;
  /** ISO 8601; undefined: there is none. */
  until?: string;
  /** No timer is left behind. */
  cancel: () => void;
}

/**
 * A durable timer, so that a search that is replayed is over where it was over.
 *
 * @param known of an execution that this one continues
 */
export async function startDeadline(searchMs: number | undefined, known?: string): Promise<Deadline> {
  if (searchMs === undefined) return { over: () => false, cancel: () => undefined };
  const at = Date.parse(await orchestrator.clock.executeWithOptions(step('What time is it?'), []));
  const until = known ?? new Date(at + searchMs).toISOString();
  const scope = new CancellationScope();
  let over = false;
  scope
    .run(() => sleep(Math.max(1, Date.parse(until) - at)))
    .then(() => (over = true))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  return { over: () => over, until, cancel: () => scope.cancel() };
}
