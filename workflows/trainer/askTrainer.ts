import { rawValueTypeInfo, type RawValue } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  scheduleActivity,
  TimeoutFailure,
} from '@temporalio/workflow';
import { SEARCH_OVER } from '../../decisions/search/outcome.ts';
import { rootMessage } from '../failures.ts';
import type { TrainerActivity, TrainerOutcome, TrainerRequest } from '../trainerMessages.ts';
import { readResult } from './result.ts';

/**
 * Asks a trainer of one's own. One that is away, fails, takes too long or answers what cannot be read costs its candidate
 * and not the search: that is an outcome with a reason. A worker that dies is noticed when its heartbeats stop, and asked
 * again.
 */
export async function askTrainer(
  activity: TrainerActivity,
  request: TrainerRequest,
  summary: string,
): Promise<TrainerOutcome> {
  const { startMs, closeMs, allMs } = boundsOf(request);
  try {
    const options = {
      taskQueue: request.taskQueue,
      scheduleToStartTimeout: startMs,
      startToCloseTimeout: closeMs,
      // All attempts together: one that hangs is tried again else, each time for as long.
      scheduleToCloseTimeout: allMs,
      heartbeatTimeout: '30s' as const,
      retry: {
        initialInterval: '1s',
        backoffCoefficient: 2,
        maximumInterval: '15s',
        maximumAttempts: 5,
      } as const,
      summary,
    };
    // As bytes: what cannot be decoded would fail the workflow's task, again and again.
    const typeInfo = { outputType: rawValueTypeInfo };
    const result = await scheduleActivity<RawValue | undefined>(
      activity,
      [request.question],
      options,
      typeInfo,
    );
    return readResult(result?.payload, request.taskQueue);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { failure: explain(error, request) };
  }
}

/** Within what is left of the search, where that is bounded: waiting for a trainer counts too. */
function boundsOf({ startWithinMs, closeWithinMs, searchMs = Infinity }: TrainerRequest): {
  startMs: number;
  closeMs: number;
  allMs: number;
} {
  return {
    startMs: Math.min(startWithinMs, searchMs),
    closeMs: Math.min(closeWithinMs, searchMs),
    allMs: Math.min(startWithinMs + closeWithinMs, searchMs),
  };
}

type Failure = Extract<TrainerOutcome, { failure: unknown }>['failure'];

function explain(error: unknown, request: TrainerRequest): Failure {
  const { taskQueue } = request;
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof TimeoutFailure) {
    // Lost, and no time was left to ask again.
    const ended = error instanceof ActivityFailure && error.retryState === 'TIMEOUT';
    return explainTimeout(ended ? 'SCHEDULE_TO_CLOSE' : cause.timeoutType, request);
  }
  const reason = rootMessage(error).slice(0, MAX_REASON_CHARACTERS);
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  if (type === 'TIMED_OUT') return { status: 'timed-out', reason };
  if (type === 'OUT_OF_MEMORY') return { status: 'out-of-memory', reason };
  if (type === 'REFUSED') return { status: 'refused', reason };
  return { status: 'refused', reason: `its trainer on the task queue "${taskQueue}" failed: ${reason}` };
}

function explainTimeout(type: TimeoutFailure['timeoutType'], request: TrainerRequest): Failure {
  const { taskQueue, startWithinMs, closeWithinMs, searchMs } = request;
  const { startMs, closeMs, allMs } = boundsOf(request);
  const over: Failure = { status: 'timed-out', reason: SEARCH_OVER, late: true };
  switch (type) {
    case 'SCHEDULE_TO_START':
      if (startMs === searchMs) return over;
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
      if ((type === 'START_TO_CLOSE' ? closeMs : allMs) === searchMs) return over;
      return { status: 'timed-out', reason: `not done within ${closeWithinMs} ms` };
  }
}

/** Somebody else's text, which travels with the leaderboard. */
const MAX_REASON_CHARACTERS = 500;
