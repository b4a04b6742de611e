import { ApplicationFailure } from '@temporalio/activity';
import { PerennialError } from '../config/errors.ts';
import type { RunStatus } from '../store/types.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

interface OpenRun {
  name: string;
  run: number;
  workflowId: string;
  definitionHash: string;
  /** Of the workflow's first execution, which a reset or continue-as-new keeps. */
  executionId: string;
  /** Begun by a lifecycle: it waits for the other run, as its trigger was decided once and would be lost. */
  managed?: boolean;
}

interface CloseRun {
  name: string;
  run: number;
  executionId: string;
  status: Exclude<RunStatus, 'running' | 'registered'>;
  reason: string;
  /** Kept with it where a person may yet want the model: which candidate's it is. */
  undecided?: { candidate: number };
}

export function runActivities({ store, isOpen }: OrchestratorDependencies) {
  return {
    /**
     * Opens the run's row; one lifecycle has one running run.
     *
     * @throws RUN_IN_PROGRESS where another run is under way; for a managed run Temporal tries again until that has ended.
     */
    async openRun({ name, run, managed, ...rest }: OpenRun): Promise<void> {
      const opening = { name, number: run, ...rest, actor: rest.workflowId };
      try {
        await store.runs.open(opening);
      } catch (error) {
        if (!(error instanceof PerennialError && error.code === 'RUN_IN_PROGRESS')) throw error;
        const other = await store.runs.running(name);
        if (other && (await isOpen(other.workflowId)))
          throw managed ? ApplicationFailure.retryable(error.message, error.code) : error;
        // Somebody terminated the other workflow, so nobody closed its row.
        if (other)
          await store.runs.close(name, other.number, {
            status: 'failed',
            reason: 'Its workflow was terminated.',
          });
        await store.runs.open(opening);
      }
    },

    /** Ends the run's row once; a repeated call changes nothing. A run that never opened has nothing to close. */
    async closeRun({ name, run, executionId, ...end }: CloseRun): Promise<void> {
      const row = await store.runs.get(name, run);
      if (row?.executionId === executionId) await store.runs.close(name, run, end);
    },
  };
}
