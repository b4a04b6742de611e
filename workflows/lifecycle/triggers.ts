import { decideTraining, type Decision } from '../../decisions/lifecycle/decide.ts';
import type { Trigger } from '../lifecycleMessages.ts';
import { orchestrator, step } from '../options.ts';
import { askPerson } from './approvals.ts';
import { busyWith, now, remember, sliceOf, tell, type Lifecycle } from './state.ts';
import { train } from './training.ts';

/** A trigger arrived: it is taken up, kept, asked about or refused; the same one twice is one. */
export async function consider(self: Lifecycle, trigger: Trigger): Promise<void> {
  const { state } = self;
  const known = state.seen.includes(trigger.id) || state.pending?.id === trigger.id;
  if (known || state.approval?.trigger?.id === trigger.id || !state.deployment) return;
  // One at a time: what came later is served by the same training.
  if (state.pending && trigger.kind !== 'definition') {
    if (trigger.kind !== 'drift') await refuse(self, trigger, `${state.pending.kind} waits already.`);
    return;
  }
  if (state.approval?.kind === 'retrain' && trigger.kind === 'drift') return; // The watch says so again.
  await decide(self, trigger, false);
}

/** What waited is looked at again: something ended, a time came, a person resumed. */
export async function reconsider(self: Lifecycle): Promise<void> {
  const { pending } = self.state;
  if (!pending) return;
  self.state.pending = undefined;
  self.state.waiting = undefined;
  await decide(self, pending, false);
}

/** A person agreed. */
export async function takeApproved(self: Lifecycle, trigger: Trigger): Promise<void> {
  await decide(self, { ...trigger, at: await now(self) }, true);
}

async function decide(self: Lifecycle, trigger: Trigger, approved: boolean): Promise<void> {
  const { state } = self;
  const { retrain, approvals } = await sliceOf(self);
  const time = await now(self);
  const decision: Decision = decideTraining({
    now: time,
    kind: trigger.kind,
    retrain,
    approvals,
    busy: busyWith(self),
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
      if (run !== undefined) await train(self, trigger, run);
      return;
    }
    case 'wait':
      // A drift that persists is told of again with the next window.
      if (trigger.kind === 'drift') return void (state.waiting = { reason: decision.because });
      state.pending = trigger;
      state.waiting = { reason: decision.because, until: decision.until };
      // A timer may ring a moment early by the database's clock: it is then looked at again a second later.
      self.dueInMs =
        decision.until === undefined
          ? undefined
          : Math.max(1_000, Date.parse(decision.until) - Date.parse(time));
      return;
    case 'ask':
      if (state.approval) return; // One question at a time.
      return askPerson(self, { kind: 'retrain', question: decision.because, by: trigger.by, trigger });
    case 'refuse':
      if (trigger.kind === 'drift') return;
      return refuse(self, trigger, decision.because);
  }
}

/** For good, with its reason. */
export async function refuse(self: Lifecycle, trigger: Trigger, because: string): Promise<void> {
  await orchestrator.decideTrigger.executeWithOptions(step(`Refuse ${trigger.id}`), [
    { name: self.name, trigger, decision: 'refused', because },
  ]);
  remember(self, trigger.id);
  tell(self, trigger.at, `Not taken up: ${trigger.reason} ${because}`);
}
