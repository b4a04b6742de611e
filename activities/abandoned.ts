import type { RolloutRow } from '../store/rolloutTypes.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

/**
 * Ends a rollout whose workflow somebody terminated, so that nobody is left to end it: before the promotion with the
 * champion restored; after it the challenger, which by then may have served for days, stays.
 *
 * @returns false where its workflow is still open: nothing was changed
 */
export async function releaseAbandoned(
  { store, isOpen }: Pick<OrchestratorDependencies, 'store' | 'isOpen'>,
  rollout: RolloutRow,
): Promise<boolean> {
  const { name, number, id, executionId, championVersion } = rollout;
  if (await isOpen(id)) return false;
  const route = await store.routes.get(name);
  const promoted = isPromoted(rollout, route);
  const reason = promoted
    ? 'Its workflow was terminated after the promotion; the challenger stays.'
    : 'Its workflow was terminated; the champion is restored.';
  if (route?.rolloutId === id) {
    const before = await store.routes.at(name, rollout.startedAt);
    await store.routes.change({
      name,
      championVersion: promoted ? route.championVersion : championVersion,
      weight: 0,
      logInputs: before?.logInputs ?? route.logInputs,
      expectedRevision: route.revision,
      holder: id,
      actor: id,
      reason,
      idempotencyKey: `${executionId}/abandoned`,
    });
  }
  await store.rollouts.close(name, number, { status: promoted ? 'promoted' : 'aborted', reason });
  return true;
}

/**
 * By the route, which is changed before the row says so; whoever holds it: tried again, or where there was no probation,
 * the rollout has let go of it already.
 */
function isPromoted({ challengerVersion }: RolloutRow, route: RouteRow | undefined): boolean {
  return route?.championVersion === challengerVersion;
}
