import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { PerennialError } from '../config/errors.ts';
import {
  ids,
  progressQuery,
  setParallelism,
  type TrainingProgress,
  type TrainingResult,
} from '../workflows/messages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { patiently, type WaitOptions } from './patience.ts';

/** A training run that is under way or has ended. */
export interface TrainingHandle {
  readonly name: string;
  readonly run: number;
  readonly workflowId: string;
  /** Of the workflow in the Temporal Web UI, where its address is known. */
  readonly uiUrl?: string;
  /** Answered by a worker, also after the run has ended. */
  progress(): Promise<TrainingProgress>;
  /**
   * Waits for the end. A server that is restarted meanwhile is waited for.
   *
   * @throws PerennialError with the code of what went wrong inside; CANCELLED; STACK_UNAVAILABLE after two minutes
   *   without an answer.
   */
  result(options?: WaitOptions): Promise<TrainingResult>;
  /** Asks the run to end; it closes its row before it does. */
  cancel(): Promise<void>;
  /** How many candidates are under way at the same time, 1 to 64. @throws PerennialError INVALID_INPUT */
  setParallelism(parallelism: number): Promise<number>;
}

export function attachTraining(context: ClientContext, name: string, run: number): TrainingHandle {
  const workflowId = ids.training(name, run);
  const handle: WorkflowHandle = context.client.workflow.getHandle(workflowId);
  const translated = <T>(call: Promise<T>): Promise<T> =>
    call.catch((error: unknown) => {
      throw fromFailure(error);
    });
  return {
    name,
    run,
    workflowId,
    uiUrl: context.uiUrl(workflowId),
    progress: () => translated(handle.query(progressQuery)),
    result: (options) => patiently(() => handle.result() as Promise<TrainingResult>, workflowId, options),
    cancel: async () => {
      await translated(handle.cancel());
    },
    setParallelism: (parallelism) =>
      handle.executeUpdate(setParallelism, { args: [parallelism] }).catch((error: unknown) => {
        if (!(error instanceof WorkflowUpdateFailedError)) throw fromFailure(error);
        throw new PerennialError(
          'INVALID_INPUT',
          `${workflowId} refused: ${error.cause?.message ?? error.message}.`,
          {
            field: 'parallelism',
            value: parallelism,
            expected: 'a whole number from 1 to 64, before the search ends',
            cause: error,
          },
        );
      }),
  };
}
