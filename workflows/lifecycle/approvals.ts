import { ApplicationFailure } from '@temporalio/workflow';
import type { Approval } from '../lifecycleMessages.ts';
import type { Order } from '../orderMessages.ts';
import { announce } from './notices.ts';
import { note } from './noting.ts';
import { now, sliceOf, type Lifecycle } from './state.ts';

/** Asks, and waits; whoever asks next finds that a question is open. */
export async function askPerson(self: Lifecycle, question: Omit<Approval, 'id' | 'at'>): Promise<void> {
  const { state, name } = self;
  const at = await now(self);
  const id = `${name}/${state.revision + 1}`;
  const fourEyes = (await sliceOf(self)).approvals?.fourEyes;
  state.approval = { ...question, id, at, author: state.deployment?.by, ...(fourEyes ? { fourEyes } : {}) };
  await note(self, {
    key: `approval/${id}`,
    actor: question.by,
    action: 'approval.ask',
    details: detailsOf(state.approval),
  });
  await announce(self, 'approval-needed', at, question.question);
}

/**
 * Takes a person's answer off the state.
 *
 * Whose it is, and whether somebody else has to approve it, is what held when it was asked and what holds now: a deployment
 * in between is no way around it.
 *
 * @throws LIFECYCLE_STATE where nothing is asked, something else is, or the author would approve his own
 */
export async function answerPerson(
  self: Lifecycle,
  answer: 'approve' | 'reject',
  { actor, reason, id }: Order & { id: string },
): Promise<Approval> {
  const { state } = self;
  const { approval } = state;
  if (approval?.id !== id) throw refused('id', id, approval ? approval.id : 'nothing: no question is open');
  const authors = [...new Set([approval.by, approval.author, state.deployment?.by])].filter(Boolean);
  if (answer === 'approve' && authors.includes(actor)) {
    const demanded = (await sliceOf(self)).approvals?.fourEyes ?? false;
    if (demanded || approval.fourEyes)
      throw refused('actor', actor, `somebody else than ${authors.join(' and ')}`);
  }
  await note(self, {
    key: `approval/${id}/${answer}`,
    actor,
    action: `approval.${answer}`,
    details: { ...detailsOf(approval), reason },
  });
  state.approval = undefined;
  return approval;
}

function detailsOf({ id, kind, question, version, run }: Approval): Record<string, unknown> {
  return { id, kind, question, version, run };
}

function refused(field: string, value: string, expected: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'LIFECYCLE_STATE',
    message: `${field} is ${value}; expected ${expected}.`,
    nonRetryable: true,
    details: [{ field, value, expected }],
  });
}
