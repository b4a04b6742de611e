import { ApplicationFailure } from '@temporalio/workflow';
import { malformedPart } from './orderMessages.ts';

/** What lies at the bottom of a chain of failures. */
export function rootMessage(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root instanceof Error ? root.message : String(root);
}

/** @throws INVALID_INPUT naming the field of an order that is not as it should be */
export function refuseMalformed(order: unknown): void {
  const fault = malformedPart(order);
  if (!fault) return;
  const { field, found, expected } = fault;
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    message: `${field} is ${found}; expected ${expected}.`,
    nonRetryable: true,
    details: [{ field, value: found, expected }],
  });
}
