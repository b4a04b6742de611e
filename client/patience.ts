import { PerennialError } from '../config/errors.ts';
import { fromFailure, isUnreachable } from './failure.ts';

export interface WaitOptions {
  /** Told, at most once a second, while the server does not answer. */
  onUnreachable?: (sinceMs: number) => void;
  /** From here on a server that does not answer is not asked again. */
  signal?: AbortSignal;
}

/** The server is restarted within seconds; a machine within a minute. */
const PATIENCE_MS = 120_000;

/**
 * Waits for a workflow's result over restarts of the server.
 *
 * @throws PerennialError with the code of what went wrong inside; STACK_UNAVAILABLE after two minutes without an answer
 */
export async function patiently<Result>(
  wait: () => Promise<Result>,
  workflowId: string,
  options: WaitOptions = {},
): Promise<Result> {
  let silentSince: number | undefined;
  for (;;) {
    const asked = performance.now();
    try {
      return await wait();
    } catch (error) {
      if (!isUnreachable(error) || options.signal?.aborted) throw fromFailure(error);
      // A call that hung for long before it broke had been answered until then.
      const now = performance.now();
      if (silentSince === undefined || now - asked > PATIENCE_MS / 2) silentSince = now;
      const silentMs = now - silentSince;
      if (silentMs > PATIENCE_MS) {
        throw new PerennialError(
          'STACK_UNAVAILABLE',
          `Temporal has not answered for ${Math.round(silentMs / 1000)} s; ${workflowId} goes on when it is back.`,
          {
            expected: 'a stack that is up; see `npx perennial status`',
            cause: error,
          },
        );
      }
      options.onUnreachable?.(silentMs);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
