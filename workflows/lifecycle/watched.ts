import type { Watched } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import { orchestrator, step } from '../options.ts';
import { announce } from './notices.ts';
import { sliceOf, type Lifecycle } from './state.ts';
import { consider } from './triggers.ts';

/** What the watch says of a window: a rollback, a trigger, or something for people to know. */
export async function onWatched(self: Lifecycle, told: Watched): Promise<void> {
  const { state, name } = self;
  const { window, version, to, verdict, signal } = told;
  const before = state.watched;
  if (before && window <= before.window) return; // Told twice.
  state.clock = told.driven ? to : undefined;
  state.watched = { window, to, state: verdict.state, reason: signal.reason, drift: signal.drift };
  state.champion = version;
  if (state.probation && (state.probation.version !== version || to > state.probation.until)) {
    state.probation = undefined;
  }
  if (signal.fault) {
    if (before?.state !== 'fault') await announce(self, 'fault', to, verdict.reason);
    return; // Broken data is mended upstream; a model that learned from it would be broken too.
  }
  if (before?.state === 'fault') await announce(self, 'recovered', to, `Window ${window} is sound again.`);
  if (signal.belowFloor && state.probation) return takeBack(self, told);
  // Two of three windows may have drifted and the newest be sound again.
  if (!signal.drift || verdict.state !== 'shifted') return;
  const { retrain } = await sliceOf(self);
  if (!signal.fall && retrain?.onDrift !== 'any') {
    if (!before?.drift) await announce(self, 'drift', to, signal.reason);
    return;
  }
  await consider(self, {
    id: `drift/${version}/${window}`,
    kind: 'drift',
    reason: signal.reason,
    by: ids.watch(name),
    at: to,
  });
}

/** The last healthy version is back in one change of the route; the bad one is marked, with the reason. */
async function takeBack(self: Lifecycle, { window, to, signal }: Watched): Promise<void> {
  const { state, name } = self;
  const { probation, rollout } = state;
  if (!probation) return;
  const { version, previousVersion } = probation;
  const actor = ids.lifecycle(name);
  const why = `Realised quality is below the declared floor within probation. ${signal.reason}`;
  if (rollout) {
    // Its own probation holds the route.
    await orchestrator.orderRollout.executeWithOptions(step(`Roll back ${rollout.workflowId}`), [
      { workflowId: rollout.workflowId, order: 'rollback', actor, reason: why },
    ]);
  } else {
    const { restored } = await orchestrator.restoreChampion.executeWithOptions(
      step(`${name}@${previousVersion} comes back`),
      [
        {
          name,
          badVersion: version,
          version: previousVersion,
          actor,
          reason: why,
          idempotencyKey: `lifecycle/restore/${version}/${window}`,
        },
      ],
    );
    if (!restored) return; // Somebody else was first; the next window tells which version serves.
    state.champion = previousVersion;
  }
  await orchestrator.markBad.executeWithOptions(step(`${name}@${version} is bad`), [
    { name, version, reason: why, actor },
  ]);
  state.probation = undefined;
  state.rejectedInARow++;
  await announce(
    self,
    'rolled-back',
    to,
    `${name}@${previousVersion} is back in place of @${version}: ${why}`,
  );
}
