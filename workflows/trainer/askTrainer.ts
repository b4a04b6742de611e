import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  scheduleActivity,
  TimeoutFailure,
} from '@temporalio/workflow';
import { rootMessage } from '../failures.ts';
import type { TrainerActivity, TrainerOutcome, TrainerRequest } from '../trainerMessages.ts';

/**
 * Asks a trainer of one's own. One that is away, fails or takes too long costs its candidate and not the search: that is
 * an outcome with a reason. A worker that dies is noticed when its heartbeats stop, and asked again.
 */
export async function askTrainer(
  activity: TrainerActivity,
  request: TrainerRequest,
  summary: string,
): Promise<TrainerOutcome> {
  try {
    const answer: unknown = await scheduleActivity(activity, [request.question], {
      taskQueue: request.taskQueue,
      scheduleToStartTimeout: request.startWithinMs,
      startToCloseTimeout: request.closeWithinMs,
      // All attempts together: one that hangs is tried again else, each time for as long.
      scheduleToCloseTimeout: request.startWithinMs + request.closeWithinMs,
      heartbeatTimeout: '30s',
      retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s', maximumAttempts: 5 },
      summary,
    });
    return { answer };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { failure: explain(error, request) };
  }
}

type Failure = Extract<TrainerOutcome, { failure: unknown }>['failure'];

function explain(error: unknown, request: TrainerRequest): Failure {
  const { taskQueue, startWithinMs, closeReason, late } = request;
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof TimeoutFailure) {
    switch (cause.timeoutType) {
      case 'SCHEDULE_TO_START':
        return {
          status: 'refused',
          reason: `no trainer on the task queue "${taskQueue}" began it within ${startWithinMs} ms (trainer.startWithinMs): start one, see docs/trainers.md`,
        };
      case 'HEARTBEAT':
        return {
          status: 'refused',
          reason: `its trainer on the task queue "${taskQueue}" was lost, several times`,
        };
      default:
        return { status: 'timed-out', reason: closeReason, ...(late ? { late: true } : {}) };
    }
  }
  const reason = rootMessage(error).slice(0, MAX_REASON_CHARACTERS);
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  if (type === 'TIMED_OUT') return { status: 'timed-out', reason };
  if (type === 'OUT_OF_MEMORY') return { status: 'out-of-memory', reason };
  if (type === 'REFUSED') return { status: 'refused', reason };
  return { status: 'refused', reason: `its trainer on the task queue "${taskQueue}" failed: ${reason}` };
}

/** Somebody else's text, which travels with the leaderboard. */
const MAX_REASON_CHARACTERS = 500;
