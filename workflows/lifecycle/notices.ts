import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import type { NoticeEvent } from '../../decisions/lifecycle/policy.ts';
import { ids } from '../messages.ts';
import { shortSummary } from '../options.ts';
import type { notice } from '../notice.ts';
import { sliceOf, tell, type Lifecycle } from './state.ts';

/** Tells people what happened: in the list of the newest, and to the webhooks that the definition names. */
export async function announce(self: Lifecycle, event: NoticeEvent, at: string, text: string): Promise<void> {
  tell(self, at, text);
  const { state, name } = self;
  const { deployment } = state;
  if (!deployment || !(await sliceOf(self)).notifies) return;
  state.notices++;
  // A child that outlives this execution: a receiver that is away for a day holds nothing up.
  await startChild<typeof notice>('notice', {
    workflowId: ids.notice(name, String(state.notices)),
    args: [{ name, number: state.notices, definitionHash: deployment.definitionHash, event, at, text }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: shortSummary(`Tell of ${event}: ${text}`),
    typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
  });
}
