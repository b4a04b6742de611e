import { getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { LifecycleSlice } from '../../activities/lifecycle.ts';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { watchDefinition } from '../lifecycleMessages.ts';
import { ids, queues } from '../messages.ts';
import type { watch } from '../watch.ts';
import { orchestrator, step } from '../options.ts';
import { startOnce } from './startOnce.ts';
import { sliceOf, type Lifecycle } from './state.ts';

/** Makes the Temporal Schedule what the definition says; none where it says nothing. */
export async function keepSchedule(
  { name }: Pick<Lifecycle, 'name'>,
  schedule: NonNullable<LifecycleSlice['retrain']>['schedule'],
): Promise<void> {
  await orchestrator.syncSchedule.executeWithOptions(step('Bring the schedule up to date'), [
    { name, schedule },
  ]);
}

/** Starts the watch once there is a champion; tells the one that runs of the deployed definition. */
export async function keepWatch(self: Lifecycle): Promise<void> {
  const { state, name } = self;
  const { deployment } = state;
  if (!deployment || state.champion === undefined) return;
  const wanted = (await sliceOf(self)).probationMs !== undefined;
  const { definitionHash, baseDirectory } = deployment;
  if (state.watching) {
    // The watch reads of the definition that nothing is watched any more, and ends.
    await getExternalWorkflowHandle(ids.watch(name))
      .signal(watchDefinition, { definitionHash, baseDirectory })
      .catch(() => (state.watching = false)); // Somebody terminated it.
    if (!wanted) {
      state.watching = false;
      await orchestrator.logInputs.executeWithOptions(step('Have inputs logged no longer'), [
        { name, wanted, actor: ids.lifecycle(name), reason: 'Nothing is watched any more.' },
      ]);
    }
  }
  if (!wanted) return;
  await orchestrator.logInputs.executeWithOptions(step('Have inputs logged'), [
    { name, actor: ids.lifecycle(name), reason: 'The watch and retrainings read them.' },
  ]);
  if (state.watching) return;
  await startOnce(() =>
    startChild<typeof watch>('watch', {
      workflowId: ids.watch(name),
      taskQueue: queues.orchestrator,
      args: [{ name, definitionHash, baseDirectory }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Watch over ${name}`,
      typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
    }),
  );
  state.watching = true;
}
