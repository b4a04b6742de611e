import type { Client } from '@temporalio/client';
import type { temporal as proto } from '@temporalio/proto';

type Event = proto.api.history.v1.IHistoryEvent;

/** One call of an activity as its workflow's history tells it. */
export interface ActivityCall {
  type: string;
  /** Of the attempt that counts: the history keeps the last alone. */
  attempt: number;
  /** Epoch milliseconds by the server's clock, which is this machine's; undefined while it is under way. */
  completedAt?: number;
}

export async function activityCalls(temporal: Client, workflowId: string): Promise<ActivityCall[]> {
  const calls = new Map<string, ActivityCall>();
  for (const event of await eventsOf(temporal, workflowId)) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const started = event.activityTaskStartedEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    if (scheduled) calls.set(String(event.eventId), { type: scheduled.activityType?.name ?? '', attempt: 0 });
    const call = calls.get(String((started ?? completed)?.scheduledEventId));
    if (call && started) call.attempt = started.attempt ?? 0;
    if (call && completed) call.completedAt = timeOf(event);
  }
  return [...calls.values()];
}

/** When a child of that type completed; undefined where none did. */
export async function childCompletedAt(
  temporal: Client,
  workflowId: string,
  type: string,
): Promise<number | undefined> {
  const completed = (await eventsOf(temporal, workflowId)).find(
    (event) => event.childWorkflowExecutionCompletedEventAttributes?.workflowType?.name === type,
  );
  return completed && timeOf(completed);
}

/** Names of activities of which an attempt is in a worker's hands in this moment. */
export async function startedActivities(temporal: Client, workflowId: string): Promise<string[]> {
  const { raw } = await temporal.workflow.getHandle(workflowId).describe();
  const STARTED = 2; // temporal.api.enums.v1.PendingActivityState
  return (raw.pendingActivities ?? [])
    .filter(({ state }) => Number(state) === STARTED)
    .map(({ activityType }) => activityType?.name ?? '');
}

async function eventsOf(temporal: Client, workflowId: string): Promise<Event[]> {
  return (await temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;
}
