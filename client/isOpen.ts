import { WorkflowNotFoundError } from '@temporalio/client';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';

/**
 * Whether a workflow is under way: this execution of it, or any where none is named.
 *
 * @returns false for a workflow that has ended, or that was terminated and forgotten; opening the next one closes its row.
 */
export async function isOpen(
  { client }: ClientContext,
  workflowId: string,
  executionId?: string,
): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId, executionId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw fromFailure(error);
  }
}
