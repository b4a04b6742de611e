import { PerennialError } from '../config/errors.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

interface Replacement {
  name: string;
  /** Who is to be champion. */
  version: number;
  actor: string;
  reason: string;
  /** The same key again is the same change; another decision needs another key, also about the same version. */
  idempotencyKey: string;
}

/** Changes of a route between which the revision moved and the champion did not: inputs are logged, say. */
const MAX_TRIES = 5;

export function lifecycleRouteActivities({ store }: OrchestratorDependencies) {
  return {
    /**
     * Makes a version champion at once, in one swap of the route: nobody keeps the old one loaded. Where another champion
     * serves than the one that it was compared with, or a rollout holds the route, nothing changes.
     */
    async promoteByGate({
      expectedChampion,
      ...replacement
    }: Replacement & { expectedChampion?: number }): Promise<
      { promoted: true } | { promoted: false; reason: string }
    > {
      const fault = await replace(replacement, expectedChampion);
      return fault === undefined ? { promoted: true } : { promoted: false, reason: fault };
    },

    /** Brings the last healthy version back in place of a bad one, in one swap of the route; as `promoteByGate`. */
    async restoreChampion({
      badVersion,
      ...replacement
    }: Replacement & { badVersion: number }): Promise<
      { restored: true } | { restored: false; reason: string }
    > {
      const fault = await replace(replacement, badVersion);
      return fault === undefined ? { restored: true } : { restored: false, reason: fault };
    },

    /**
     * Has gateways log the inputs of predictions, which a watch and a retraining read, or no longer. A rollout that holds
     * the route logs them by itself where it needs them; the watch asks again with its next window.
     *
     * @returns whether they are logged
     */
    async logInputs({
      name,
      wanted = true,
      actor,
      reason,
    }: {
      name: string;
      wanted?: boolean;
      actor: string;
      reason: string;
    }): Promise<boolean> {
      const route = await store.routes.get(name);
      if (!route || route.logInputs === wanted || route.rolloutId !== undefined)
        return route?.logInputs ?? false;
      try {
        const { revision, championVersion, standbyVersion } = route;
        await store.routes.change({
          name,
          championVersion,
          standbyVersion,
          weight: 0,
          logInputs: wanted,
          expectedRevision: revision,
          actor,
          reason,
          idempotencyKey: `log-inputs/${revision}`,
        });
        return wanted;
      } catch (error) {
        if (error instanceof PerennialError && error.code === 'ROUTE_CONFLICT') return route.logInputs;
        throw error;
      }
    },
  };

  /** @returns why it could not */
  async function replace(
    replacement: Replacement,
    expected: number | undefined,
  ): Promise<string | undefined> {
    const { name, version } = replacement;
    let fault = '';
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const route = await store.routes.get(name);
      if (!route) return `There is no route ${name}.`;
      // Also where the answer to an earlier try was lost.
      if (route.championVersion === version) return undefined;
      if (route.championVersion !== expected) {
        return `${name}@${route.championVersion} is the champion, in place of ${expected === undefined ? 'nobody' : `@${expected}`}.`;
      }
      try {
        const made = await swap(route, replacement);
        if (made.revision > route.revision) return undefined;
        // What an earlier call with this key made has been replaced since, by somebody who knew of it.
        return `${name}@${version} was made champion before, at revision ${made.revision}, and was replaced since.`;
      } catch (error) {
        if (!(error instanceof PerennialError && error.code === 'ROUTE_CONFLICT')) throw error;
        fault = error.message;
      }
    }
    return fault;
  }

  function swap({ revision, logInputs }: RouteRow, { version, ...change }: Replacement): Promise<RouteRow> {
    return store.routes.change({
      ...change,
      championVersion: version,
      weight: 0,
      logInputs,
      expectedRevision: revision,
    });
  }
}
