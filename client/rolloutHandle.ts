import type { WorkflowHandle } from '@temporalio/client';
import { PerennialError } from '../config/errors.ts';
import { ids } from '../workflows/messages.ts';
import type { Order } from '../workflows/orderMessages.ts';
import {
  rolloutOrders,
  rolloutQuery,
  type RolloutOrderName,
  type RolloutProgress,
  type RolloutResult,
} from '../workflows/rolloutMessages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { patiently, type WaitOptions } from './patience.ts';

/** A rollout that is under way or has ended. */
export interface RolloutHandle {
  readonly name: string;
  readonly number: number;
  readonly workflowId: string;
  /** Of the workflow in the Temporal Web UI, where its address is known. */
  readonly uiUrl?: string;
  /** Answered by a worker, also after the rollout has ended. */
  progress(): Promise<RolloutProgress>;
  /**
   * Waits for the end, that of the probation included. A server that is restarted meanwhile is waited for.
   *
   * @throws PerennialError CANCELLED; STACK_UNAVAILABLE after two minutes without an answer
   */
  result(options?: WaitOptions): Promise<RolloutResult>;
  /**
   * Gives an order, and returns how the rollout stands once it is carried out.
   *
   * @throws PerennialError ROLLOUT_PHASE where the phase does not take it
   */
  order(name: RolloutOrderName, order: Order): Promise<RolloutProgress>;
}

export function attachRollout(context: ClientContext, name: string, number: number): RolloutHandle {
  const workflowId = ids.rollout(name, number);
  const handle: WorkflowHandle = context.client.workflow.getHandle(workflowId);
  return {
    name,
    number,
    workflowId,
    uiUrl: context.uiUrl(workflowId),
    progress: () =>
      handle.query(rolloutQuery).catch((error: unknown) => {
        throw fromFailure(error);
      }),
    result: (options) => patiently(() => handle.result() as Promise<RolloutResult>, workflowId, options),
    order: async (which, order) => {
      try {
        return await handle.executeUpdate(rolloutOrders[which], { args: [order] });
      } catch (error) {
        throw await explainRefusal(context, { name, number }, which, error);
      }
    },
  };
}

/** A workflow that has ended takes no update, which Temporal calls not found. */
async function explainRefusal(
  { store }: ClientContext,
  { name, number }: { name: string; number: number },
  order: RolloutOrderName,
  error: unknown,
): Promise<PerennialError> {
  const known = fromFailure(error);
  if (known.code !== 'NOT_FOUND') return known;
  const row = await store.rollouts.get(name, number);
  if (!row || row.status === 'running') return known;
  return new PerennialError(
    'ROLLOUT_PHASE',
    `${row.id} has ended already (${row.status}); it takes no ${order}.`,
    {
      field: 'phase',
      value: row.status,
      expected: 'a rollout that is under way',
      cause: error,
    },
  );
}
