import { workflowInfo } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../../activities/orchestrator.ts';
import { orchestrator, step } from '../options.ts';
import type { Lifecycle } from './state.ts';

type Note = Omit<Parameters<OrchestratorActivities['noteLifecycle']>[0], 'name'>;

/** Into the audit, before it takes effect. */
export async function note({ name }: Lifecycle, entry: Note): Promise<void> {
  const { key, ...rest } = entry;
  await orchestrator.noteLifecycle.executeWithOptions(step(`${entry.action} by ${entry.actor}`), [
    { name, key: `${workflowInfo().firstExecutionRunId}/${key}`, ...rest },
  ]);
}
