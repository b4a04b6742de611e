import type { Approval, Trigger } from '../lifecycleMessages.ts';
import type { Order } from '../orderMessages.ts';
import { orchestrator, step } from '../options.ts';
import { askPerson } from './approvals.ts';
import { rejectKnown } from './known.ts';
import { announce } from './notices.ts';
import { proceed } from './replacing.ts';
import { now, sliceOf, type Lifecycle } from './state.ts';

/** A model that no rule can judge, as the champion has no number to compare with: a person says whether it is wanted. */
export async function askAboutUndecided(
  self: Lifecycle,
  run: number,
  reason: string,
  trigger: Trigger,
): Promise<void> {
  const { promote } = await sliceOf(self);
  const wish = promote === 'person' ? 'to be registered' : 'to be registered and to replace the champion';
  return askPerson(self, {
    kind: 'version',
    question: `Is the model of training ${run} ${wish}? ${reason}`,
    by: trigger.by,
    run,
    trigger,
  });
}

/** A person wants it: registered under that person's name, it goes on as one that the gate let through. */
export async function takeUndecided(
  self: Lifecycle,
  { run, trigger, id }: Approval & { run: number; trigger: Trigger },
  { actor, reason }: Order,
): Promise<void> {
  const { name } = self;
  const { version, existing } = await orchestrator.registerUndecided.executeWithOptions(
    step(`Register the model of training ${run} for ${actor}`),
    [{ name, run, actor, reason }],
  );
  if (existing && (await rejectKnown(self, version, `approval ${id}`))) return;
  const because = `${actor} wants it, though it cannot be compared: ${reason}`;
  await announce(self, 'registered', await now(self), `${name}@${version} is registered. ${because}`);
  return proceed(self, version, trigger, { because });
}
