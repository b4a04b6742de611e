import type { Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';

type History = proto.api.history.v1.IHistory;
type Payload = proto.api.common.v1.IPayload;

/** Histories of a workflow and of what it continued as, oldest first. */
export async function executionsOf(temporal: Client, workflowId: string): Promise<History[]> {
  const histories: History[] = [];
  let runId: string | undefined = await firstRunId(temporal, workflowId);
  while (runId) {
    const history: History = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    runId =
      history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return histories;
}

async function firstRunId(temporal: Client, workflowId: string): Promise<string> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  return events?.[0].workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? '';
}

/** Of every payload anywhere in a history. */
export function payloadBytes(value: unknown): number[] {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return [];
  if (isPayload(value)) return [proto.api.common.v1.Payload.encode(value).finish().length];
  return Object.values(value).flatMap(payloadBytes);
}

function isPayload(value: object): value is Payload {
  return 'metadata' in value && 'data' in value && value.data instanceof Uint8Array;
}
