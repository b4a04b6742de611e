import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { PerennialError } from '../config/errors.ts';
import { isTransient } from '../config/transient.ts';
import { MAX_PAYLOAD_BYTES } from '../config/units.ts';

const HEARTBEAT_EVERY_MS = 2_000;
/** A defect of this program is not mended by trying for ever. */
const MAX_ATTEMPTS_OF_UNKNOWN_ERRORS = 4;

/**
 * The border between an activity and Temporal: beats the heart, maps errors to failures that are retried or not, and
 * refuses results over 32 KiB.
 */
export class Boundary implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const context = Context.current();
    const heart = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
    try {
      const result = await next(input);
      refuseLarge(result, context.info.activityType);
      return result;
    } catch (error) {
      throw toFailure(error, context);
    } finally {
      clearInterval(heart);
    }
  }
}

function refuseLarge(result: unknown, activity: string): void {
  const bytes = result === undefined ? 0 : Buffer.byteLength(JSON.stringify(result));
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new PerennialError(
      'PAYLOAD_TOO_LARGE',
      `The result of ${activity} has ${bytes} bytes; at most ${MAX_PAYLOAD_BYTES} pass through Temporal.`,
      {
        field: activity,
        value: `${bytes} bytes`,
        expected: `at most ${MAX_PAYLOAD_BYTES} bytes`,
      },
    );
  }
}

function toFailure(error: unknown, context: Context): unknown {
  if (context.cancellationSignal.aborted)
    return new CancelledFailure(`${context.info.activityType} was cancelled`);
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof PerennialError) {
    const { code, field, value, expected } = error;
    return ApplicationFailure.create({
      type: code,
      message: error.message,
      nonRetryable: !error.kind.retryable,
      details: [{ field, value, expected }],
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isTransient(error)) return ApplicationFailure.retryable(message, 'TRANSIENT');
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message,
    nonRetryable: context.info.attempt >= MAX_ATTEMPTS_OF_UNKNOWN_ERRORS,
    cause: error instanceof Error ? error : undefined,
  });
}
