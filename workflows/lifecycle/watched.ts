import { patched } from '@temporalio/workflow';
import { heedWindow } from '../../decisions/lifecycle/heed.ts';
import type { Watched } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import { announce } from './notices.ts';
import { takeBack } from './restoring.ts';
import { sliceOf, type Lifecycle } from './state.ts';
import { consider } from './triggers.ts';

/** Since then a fault lasts, in what is told of it, until a window of enough rows. */
const UNTIL_SOUND = 'fault-until-sound';

/** What the watch says of a window: a rollback, a trigger, or something for people to know. */
export async function onWatched(self: Lifecycle, told: Watched): Promise<void> {
  const { state, name } = self;
  const { window, version, to, verdict, signal } = told;
  const before = state.watched;
  if (before && window <= before.window) return; // Told twice.
  state.clock = told.driven ? to : undefined;
  const wasFaulty = before?.fault ?? before?.state === 'fault';
  // Too few rows do not tell that what was broken is mended.
  const isSound = !signal.fault && verdict.state !== 'insufficient';
  const fault = signal.fault || (wasFaulty && !isSound);
  const { reason, drift } = signal;
  state.watched = { window, to, state: verdict.state, reason, drift, ...(fault ? { fault } : {}) };
  // It was being looked at while its champion was replaced: what it says of that one is late.
  const isLate =
    version !== state.champion && to <= (state.championSince ?? '') && patched('windows-of-the-one-before');
  if (!isLate) {
    state.champion = version;
    if (state.probation && (state.probation.version !== version || to > state.probation.until))
      state.probation = undefined;
  }
  if (signal.fault) {
    const isTold = before?.state === 'fault' || (wasFaulty && patched(UNTIL_SOUND));
    if (!isTold) await announce(self, 'fault', to, verdict.reason);
    return; // Broken data is mended upstream; a model that learned from it would be broken too.
  }
  if (wasFaulty && isOver(isSound, before?.state))
    await announce(self, 'recovered', to, `Window ${window} is sound again.`);
  if (isLate) return;
  if (signal.belowFloor && (state.probation || (await isPromotedByRollout(self, version))))
    return takeBack(self, told);
  // Recorded histories read the definition where there is something to decide, and only there.
  const when = { to, retrainedAt: state.trainedAt ?? state.retrainedAt.at(-1) };
  if (heedWindow(signal, verdict, undefined, when).do === 'nothing') return;
  const { retrain } = await sliceOf(self);
  const heed = heedWindow(signal, verdict, retrain, when);
  if (heed.do === 'tell' && !before?.drift) await announce(self, 'drift', to, signal.reason);
  if (heed.do !== 'train') return;
  await consider(self, {
    id: `drift/${version}/${window}`,
    kind: 'drift',
    reason: heed.because,
    by: ids.watch(name),
    at: to,
  });
}

/** Of a fault: a window that told of it was followed by one without, once; now by one of enough rows. */
function isOver(isSound: boolean, before: string | undefined): boolean {
  if (isSound) return before === 'fault' || patched(UNTIL_SOUND);
  return before === 'fault' && !patched(UNTIL_SOUND);
}

/** Whether the champion is the challenger of a rollout that is in its own probation, in which this one's has yet to begin. */
async function isPromotedByRollout(self: Lifecycle, version: number): Promise<boolean> {
  if (self.state.rollout?.challengerVersion !== version) return false;
  const { probationMs = 0 } = await sliceOf(self);
  return probationMs > 0;
}
