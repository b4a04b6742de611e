import type { LifecycleState, Trigger } from '../lifecycleMessages.ts';
import { note } from './noting.ts';
import type { Lifecycle } from './state.ts';

/** One trigger waits at a time: which of two does, and what is told of it. */
export interface Waiting {
  trigger: Trigger;
  approved?: boolean;
}

/** What a person wants now comes before what comes by itself, and a new definition before everything of an older one. */
export function outranks(newcomer: Waiting, pending: Waiting): boolean {
  return newcomer.trigger.kind === 'definition' || rank(newcomer) > rank(pending);
}

function rank({ trigger, approved }: Waiting): number {
  if (trigger.kind === 'definition') return 3;
  if (trigger.kind === 'person') return 2;
  return approved ? 1 : 0;
}

/**
 * Waits from now on, in place of another that waited; the audit says so once, not `again` whenever it was looked at.
 *
 * @returns which of the two does not wait, where there were two
 */
export async function keepPending(
  self: Lifecycle,
  trigger: Trigger,
  waiting: NonNullable<LifecycleState['waiting']>,
  again: boolean,
): Promise<Trigger | undefined> {
  const { state } = self;
  const { pending: other } = state;
  if (other && !outranks({ trigger, ...waiting }, { trigger: other, ...state.waiting })) return trigger;
  state.pending = trigger;
  state.waiting = waiting;
  if (again) return undefined;
  const { id, kind, reason, by } = trigger;
  await note(self, {
    key: `wait/${id}`,
    actor: by,
    action: 'trigger.wait',
    details: { id, kind, reason, because: waiting.reason },
  });
  return other;
}
