import type { Watched } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import { orchestrator, step } from '../options.ts';
import { announce } from './notices.ts';
import type { Lifecycle } from './state.ts';

/**
 * The champion has broken its floor within probation: the last healthy version comes back. A rollout holds the route. Where
 * it is the one that promoted this champion, its own rollback is the way back, and its end tells the rest. Where it is
 * another one, it is aborted first, and its challenger stays what it was.
 */
export async function takeBack(self: Lifecycle, { version, window, to, signal }: Watched): Promise<void> {
  const { state, name } = self;
  const { probation, rollout } = state;
  const reason = `Realised quality is below the declared floor within probation. ${signal.reason}`;
  if (!rollout) return restorePrevious(self, { window, to, reason });
  const own = rollout.challengerVersion === version;
  if (!own && probation) {
    if (probation.condemned) return; // It has been told to end.
    probation.condemned = { window, to, reason };
  }
  const order = own ? ('rollback' as const) : ('abort' as const);
  const taken = await orchestrator.orderRollout.executeWithOptions(step(`${order} ${rollout.workflowId}`), [
    { workflowId: rollout.workflowId, order, actor: ids.lifecycle(name), reason },
  ]);
  // Where it took no order it is ending by itself: its end, or the next window, finds the route free.
  if (!taken && !own && probation) probation.condemned = undefined;
}

/** One change of the route; the bad version is marked, with the reason. */
export async function restorePrevious(
  self: Lifecycle,
  { window, to, reason }: { window: number; to: string; reason: string },
): Promise<void> {
  const { state, name } = self;
  if (!state.probation) return;
  const { version, previousVersion } = state.probation;
  const actor = ids.lifecycle(name);
  const { restored } = await orchestrator.restoreChampion.executeWithOptions(
    step(`${name}@${previousVersion} comes back`),
    [
      {
        name,
        badVersion: version,
        version: previousVersion,
        actor,
        reason,
        idempotencyKey: `lifecycle/restore/${version}/${window}`,
      },
    ],
  );
  if (!restored) {
    // Somebody else was first; the next window tells which version serves.
    state.probation.condemned = undefined;
    return;
  }
  state.champion = previousVersion;
  state.championSince = to;
  await orchestrator.markBad.executeWithOptions(step(`${name}@${version} is bad`), [
    { name, version, reason, actor },
  ]);
  state.probation = undefined;
  state.rejectedInARow++;
  await announce(
    self,
    'rolled-back',
    to,
    `${name}@${previousVersion} is back in place of @${version}: ${reason}`,
  );
}
