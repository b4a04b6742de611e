import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { ERRORS, PerennialError, type ErrorCode } from '../config/errors.ts';

/**
 * The error that an activity or workflow threw, as it was before Temporal carried it here: activities put the code in
 * the failure's type and the field, value and expectation in its first detail (activities/boundary.ts).
 */
export function fromFailure(error: unknown): PerennialError {
  const known = asPerennialError(error);
  if (known) return known;
  if (error instanceof WorkflowNotFoundError) {
    return new PerennialError('NOT_FOUND', `Temporal knows no workflow ${error.workflowId}.`, {
      value: error.workflowId,
      cause: error,
    });
  }
  if (isUnreachable(error)) {
    return new PerennialError('STACK_UNAVAILABLE', `Temporal does not answer: ${rootOf(error).message}`, {
      expected: 'a stack that is up; see `npx perennial status`',
      cause: error,
    });
  }
  const chain = causes(error);
  const nowhere = chain.filter(isGrpcServiceError).find(isNamespaceMissing);
  if (nowhere) {
    return new PerennialError('STACK_UNAVAILABLE', `Temporal answers: ${nowhere.details}`, {
      field: 'PERENNIAL_NAMESPACE',
      expected: 'a namespace that the server has; `npx perennial up` makes it',
      cause: error,
    });
  }
  for (const link of [...chain].reverse()) {
    if (link instanceof ApplicationFailure) return fromApplication(link, error);
    if (link instanceof CancelledFailure)
      return new PerennialError('CANCELLED', 'The run was cancelled.', { cause: error });
    if (link instanceof TerminatedFailure)
      return new PerennialError('CANCELLED', 'The run was terminated.', { cause: error });
    if (link instanceof TimeoutFailure)
      return new PerennialError('INTERNAL', `A step ran out of time: ${link.message}`, { cause: error });
  }
  return new PerennialError('INTERNAL', rootOf(error).message, { cause: error });
}

/** An error of ours. A definition in a CommonJS package loads a second copy of the class, so its shape decides. */
export function asPerennialError(error: unknown): PerennialError | undefined {
  if (error instanceof PerennialError) return error;
  if (!(error instanceof Error) || error.name !== 'PerennialError') return undefined;
  const { code, field, value, expected } = error as PerennialError;
  return isCode(code)
    ? new PerennialError(code, error.message, { field, value, expected, cause: error.cause })
    : undefined;
}

/** True where the server could not be asked, so that asking again may succeed. */
export function isUnreachable(error: unknown): boolean {
  return causes(error).some(
    (link) =>
      (isGrpcServiceError(link) && TRANSIENT.includes(link.code)) ||
      // What gRPC says where nobody listened for 10 s; an Error without a code.
      (link instanceof Error && link.message === 'Failed to connect before the deadline'),
  );
}

/** gRPC: NOT_FOUND, of which Temporal has several. */
function isNamespaceMissing({ code, details }: { code: number; details: string }): boolean {
  return code === 5 && /^Namespace .*not found/.test(details);
}

/** gRPC: CANCELLED (by a lost connection), DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE. */
const TRANSIENT: readonly number[] = [1, 4, 8, 10, 14];

function fromApplication(failure: ApplicationFailure, cause: unknown): PerennialError {
  const code = isCode(failure.type) ? failure.type : 'INTERNAL';
  const [where] = (failure.details ?? []) as [Detail?];
  return new PerennialError(code, failure.message, {
    ...(typeof where === 'object' && where !== null
      ? { field: where.field, value: where.value, expected: where.expected }
      : {}),
    cause,
  });
}

interface Detail {
  field?: string;
  value?: string;
  expected?: string;
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link instanceof Error && !chain.includes(link); link = link.cause) chain.push(link);
  return chain;
}

function rootOf(error: unknown): Error {
  const root = causes(error).at(-1);
  return root instanceof Error ? root : new Error(String(error));
}
