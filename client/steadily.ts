import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { isTransient } from '../config/transient.ts';
import { isUnreachable } from './failure.ts';

const MAX_ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/**
 * Tries again where the database or the Temporal server could not be asked: a machine that stood still for a minute, by
 * which time connections are given up, must not end what has run for hours.
 *
 * @param body what does no harm when it is done twice
 * @throws what it threw at last, or what is no such failure
 */
export async function steadily<Result>(body: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await body();
    } catch (error) {
      const again =
        isTransient(error) ||
        isUnreachable(error) ||
        error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
      if (!again || attempt === MAX_ATTEMPTS) throw error;
      await pause(PAUSE_MS);
    }
  }
}
