import { decideTraining, type Decision } from '../../decisions/lifecycle/decide.ts';
import type { Trigger } from '../lifecycleMessages.ts';
import { orchestrator, step } from '../options.ts';
import { askPerson } from './approvals.ts';
import { keepPending, outranks } from './pending.ts';
import { busyWith, now, remember, sliceOf, tell, type Lifecycle } from './state.ts';
import { train } from './training.ts';

/** A trigger arrived: it is taken up, kept, asked about or refused; the same one twice is one. */
export async function consider(self: Lifecycle, trigger: Trigger): Promise<void> {
  const { state } = self;
  const { pending, waiting, approval, deployment } = state;
  const known =
    state.seen.includes(trigger.id) || pending?.id === trigger.id || approval?.trigger?.id === trigger.id;
  if (known || !deployment) return;
  // One at a time: what came later is served by the same training.
  if (pending && !outranks({ trigger, approved: false }, { trigger: pending, ...waiting }))
    return turnDown(self, trigger, `${pending.kind} waits already.`);
  await decide(self, trigger, { approved: false, again: false });
}

/** What waited is looked at again: something ended, a time came, a person resumed or answered. */
export async function reconsider(self: Lifecycle): Promise<void> {
  const { pending, waiting } = self.state;
  if (!pending) return;
  self.state.pending = undefined;
  self.state.waiting = undefined;
  await decide(self, pending, { approved: waiting?.approved ?? false, again: true });
}

/** A person agreed. */
export async function takeApproved(self: Lifecycle, trigger: Trigger): Promise<void> {
  await decide(self, { ...trigger, at: await now(self) }, { approved: true, again: false });
}

/** `again`: it waited before. */
async function decide(
  self: Lifecycle,
  trigger: Trigger,
  { approved, again }: { approved: boolean; again: boolean },
): Promise<void> {
  const { state } = self;
  const { retrain, approvals } = await sliceOf(self);
  const time = await now(self);
  const decision: Decision = decideTraining({
    now: time,
    kind: trigger.kind,
    retrain,
    approvals,
    busy: busyWith(self),
    asked: state.approval?.id,
    paused: state.paused && `${state.paused.actor}: ${state.paused.reason}`,
    approved,
    rejectedInARow: state.rejectedInARow,
    retrainedAt: state.retrainedAt,
  });
  switch (decision.do) {
    case 'train': {
      const { run } = await orchestrator.decideTrigger.executeWithOptions(step(`Take up ${trigger.id}`), [
        { name: self.name, trigger, decision: 'train', because: decision.because },
      ]);
      remember(self, trigger.id);
      if (run !== undefined) await train(self, again ? beginningAt(trigger, time) : trigger, run);
      return;
    }
    case 'wait': {
      if (trigger.kind === 'drift' && !approved) return overlook(self, decision.because);
      const { because: reason, until } = decision;
      const loser = await keepPending(self, trigger, { reason, until, approved }, again);
      const because = `${state.pending?.kind} waits in its place.`;
      // New data is told of again, unless what waits in its place has read it by then.
      if (loser?.kind === 'data') await turnDown(self, loser, because);
      else if (loser) await refuse(self, loser, because);
      if (loser === trigger) return;
      // A timer may ring a moment early by the database's clock: it is then looked at again a second later.
      self.dueInMs = until === undefined ? undefined : Math.max(1_000, Date.parse(until) - Date.parse(time));
      return;
    }
    case 'ask':
      return askPerson(self, { kind: 'retrain', question: decision.because, by: trigger.by, trigger });
    case 'refuse':
      return approved ? refuse(self, trigger, decision.because) : turnDown(self, trigger, decision.because);
  }
}

/**
 * What came by itself and has waited learns from what is known when it begins, and the next cooldown is counted from then.
 * Of a drift the time is that of its windows, of an order what the person said.
 */
function beginningAt(trigger: Trigger, time: string): Trigger {
  const { kind, at } = trigger;
  if (kind !== 'schedule' && kind !== 'data' && kind !== 'event') return trigger;
  return Date.parse(time) > Date.parse(at) ? { ...trigger, at: time } : trigger;
}

/** A drift that persists is told of again with the next window, and so is why nothing came of it. */
function overlook({ state }: Lifecycle, because: string): void {
  if (state.watched) state.watched = { ...state.watched, unheeded: because };
}

async function turnDown(self: Lifecycle, trigger: Trigger, because: string): Promise<void> {
  if (trigger.kind === 'drift') return overlook(self, because);
  // The watch tells of new data again, unless the training that is waited for has read it by then.
  if (trigger.kind === 'data') return;
  return refuse(self, trigger, because);
}

/** For good, with its reason. */
export async function refuse(self: Lifecycle, trigger: Trigger, because: string): Promise<void> {
  await orchestrator.decideTrigger.executeWithOptions(step(`Refuse ${trigger.id}`), [
    { name: self.name, trigger, decision: 'refused', because },
  ]);
  remember(self, trigger.id);
  tell(self, trigger.at, `Not taken up: ${trigger.reason} ${because}`);
}
