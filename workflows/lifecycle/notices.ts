import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import type { NoticeEvent } from '../../decisions/lifecycle/policy.ts';
import type { NoticeInput } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import { shortSummary } from '../options.ts';
import type { notice } from '../notice.ts';
import { startOnce } from './startOnce.ts';
import { sliceOf, tell, type Lifecycle } from './state.ts';

/** Tells people what happened: in the list of the newest, and to the webhooks that the definition names. */
export async function announce(self: Lifecycle, event: NoticeEvent, at: string, text: string): Promise<void> {
  tell(self, at, text);
  const { state, name } = self;
  const { deployment } = state;
  if (!deployment || !(await sliceOf(self)).notifies) return;
  const { definitionHash } = deployment;
  // An execution before this one may have told something under the next number and ended before it kept that.
  do state.notices++;
  while (
    !(await startOnce(() => startNotice({ name, number: state.notices, definitionHash, event, at, text })))
  );
}

/** A child that outlives this execution: a receiver that is away for a day holds nothing up. */
function startNotice(input: NoticeInput) {
  const { name, number, event, text } = input;
  return startChild<typeof notice>('notice', {
    workflowId: ids.notice(name, String(number)),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: shortSummary(`Tell of ${event}: ${text}`),
    typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
  });
}
