import { ActivityFailure, ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { RolloutRoute } from '../rolloutMessages.ts';
import { orchestrator, rolloutStep } from '../options.ts';
import type { Rollout } from './state.ts';

/** What a rollout makes of its model's route, change by change. */

/** Each of them happens once in a rollout's life. */
export type RouteChangeName = 'prepare' | `stage/${number}` | 'promote' | 'release' | 'restore';

/**
 * Also of a workflow that is being cancelled: what was begun is known to have happened or not.
 *
 * @returns since when it holds, ISO 8601. @throws a failure of type ROUTE_CONFLICT; see `routeConflict`
 */
export async function changeRoute(
  rollout: Rollout,
  change: RouteChangeName,
  wanted: RolloutRoute,
  because: { actor?: string; reason: string },
): Promise<string> {
  const { id, executionId, input, state } = rollout;
  const own = [state.route, state.attempted].filter((route) => route !== undefined);
  state.attempted = wanted;
  const { revision, at } = await CancellationScope.nonCancellable(() =>
    orchestrator.changeRoute.executeWithOptions(rolloutStep(`Route: ${change}`), [
      {
        name: input.name,
        holder: id,
        own,
        wanted,
        expectedRevision: state.revision,
        actor: because.actor ?? id,
        reason: because.reason,
        idempotencyKey: `${executionId}/${change}`,
      },
    ]),
  );
  state.route = wanted;
  state.attempted = undefined;
  state.revision = revision;
  return at;
}

/** The challenger beside the champion, with a share of the keys; at 0 gateways load it. */
export function sharedRoute({ id, input, state }: Rollout, stage: number, weight: number): RolloutRoute {
  return {
    championVersion: state.championVersion,
    challengerVersion: input.challengerVersion,
    weight,
    rolloutId: id,
    stage,
    logInputs: logsInputs({ input, state }),
  };
}

/** The challenger as champion, the old one kept loaded. */
export function promotedRoute({ id, input, state }: Rollout): RolloutRoute {
  return {
    championVersion: input.challengerVersion,
    weight: 0,
    rolloutId: id,
    stage: input.policy.steps.length,
    standbyVersion: state.championVersion,
    logInputs: logsInputs({ input, state }),
  };
}

/** One version alone, and held by nobody. */
export function freeRoute({ state }: Rollout, championVersion: number): RolloutRoute {
  return { championVersion, weight: 0, logInputs: state.loggedInputs };
}

/** Why the route was not changed, where somebody else had changed it; undefined for any other error. */
export function routeConflict(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.type === 'ROUTE_CONFLICT' ? cause.message : undefined;
}

/** Pairs are scored from the logged inputs. */
function logsInputs({ input, state }: Pick<Rollout, 'input' | 'state'>): boolean {
  return state.loggedInputs || input.policy.guards.accuracy !== false;
}
