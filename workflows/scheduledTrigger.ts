import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { triggerSignal } from './lifecycleMessages.ts';
import { ids } from './messages.ts';

/** What a Temporal Schedule starts: tells the lifecycle that it is time. The id has the time in it, so it counts once. */
export async function scheduledTrigger({ name }: { name: string }): Promise<void> {
  const { workflowId, startTime } = workflowInfo();
  await getExternalWorkflowHandle(ids.lifecycle(name)).signal(triggerSignal, {
    id: workflowId,
    kind: 'schedule',
    reason: 'It is time, by the schedule of the definition.',
    by: ids.schedule(name),
    at: startTime.toISOString(),
  });
}
