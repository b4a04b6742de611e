import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { TemporalCalls } from '../activities/dependencies.ts';
import { fromFailure, isUnreachable } from '../client/failure.ts';
import { PerennialError } from '../config/errors.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import type { RetrainPolicy } from '../decisions/lifecycle/policy.ts';
import { ids, queues } from '../workflows/messages.ts';
import { rolloutOrders } from '../workflows/rolloutMessages.ts';

/** How activities reach Temporal. */
export function temporalCalls({ workflow, schedule: schedules }: Client): TemporalCalls {
  return {
    async orderRollout(workflowId, order, { actor, reason, key }) {
      try {
        await workflow
          .getHandle(workflowId)
          .executeUpdate(rolloutOrders[order], { args: [{ actor, reason }], updateId: key });
        return true;
      } catch (error) {
        // A workflow that has ended takes no update, which Temporal calls not found.
        if (error instanceof WorkflowNotFoundError) return false;
        const failure = fromFailure(error);
        if (failure.code === 'ROLLOUT_PHASE') return false;
        throw failure;
      }
    },

    async syncSchedule(name, schedule) {
      const handle = schedules.getHandle(ids.schedule(name));
      try {
        if (!schedule) {
          await handle.delete().catch(passOver(ScheduleNotFoundError));
          return;
        }
        const options = optionsOf(name, schedule);
        try {
          // Somebody may have paused it in the Web UI: what is updated is when, not whether.
          await handle.update(({ state }) => ({ ...options, state }));
        } catch (error) {
          if (!(error instanceof ScheduleNotFoundError)) throw error;
          // Of two that create it at the same time both create the same.
          await schedules.create(options).catch(passOver(ScheduleAlreadyRunning));
        }
      } catch (error) {
        throw isUnreachable(error) ? fromFailure(error) : refused(schedule, error);
      }
    },
  };
}

type Schedule = NonNullable<RetrainPolicy['schedule']>;

function optionsOf(name: string, schedule: Schedule): ScheduleOptions {
  const { jitterMs, overlap, catchUpMs } = schedule;
  const { SKIP, BUFFER_ONE } = ScheduleOverlapPolicy;
  return {
    scheduleId: ids.schedule(name),
    spec: {
      ...('cron' in schedule
        ? { cronExpressions: [schedule.cron] }
        : { intervals: [{ every: schedule.everyMs }] }),
      jitter: jitterMs,
    },
    policies: { overlap: overlap === 'skip' ? SKIP : BUFFER_ONE, catchupWindow: catchUpMs },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledTrigger',
      // Temporal puts the time behind it.
      workflowId: ids.schedule(name),
      args: [{ name }],
      taskQueue: queues.orchestrator,
      typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
      staticSummary: `It is time to retrain ${name}`,
    },
  };
}

function passOver(kind: new (...args: never[]) => Error): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof kind)) throw error;
  };
}

/** What a cron expression may be the server alone knows. */
function refused(schedule: Schedule | undefined, error: unknown): unknown {
  const why = schedule && invalidSpec(error);
  if (why === undefined) return error;
  return new PerennialError('INVALID_DEFINITION', `Temporal refuses the schedule: ${why}`, {
    field: 'retrain.schedule',
    value: schedule,
    expected: 'a cron expression of five fields such as 0 6 * * MON, or everyMs',
    cause: error,
  });
}

/**
 * The SDK (1.24) makes a TypeError of the server's INVALID_ARGUMENT by a message that grpc-js alone writes; what comes
 * through a worker's NativeConnection it passes on as it is.
 */
function invalidSpec(error: unknown): string | undefined {
  if (error instanceof TypeError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(cause)) return undefined;
  const code: number = cause.code;
  if (code !== INVALID_ARGUMENT) return undefined;
  return (cause.details || cause.message).replace(/^Invalid schedule spec: /, '');
}

/** gRPC. */
const INVALID_ARGUMENT = 3;
