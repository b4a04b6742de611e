import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

/**
 * Starts a child that an execution before this one may have started: what was kept of a lifecycle may be older than what it
 * did.
 *
 * @returns undefined where its id is taken
 */
export async function startOnce<Child>(start: () => Promise<Child>): Promise<Child | undefined> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}
