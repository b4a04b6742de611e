import type { CanaryCounts } from '../decisions/canary/counts.ts';
import type { RolloutRoute, RolloutState } from '../workflows/rolloutMessages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';
import type { RolloutKey } from './rollout.ts';
import { requireRoute } from './route.ts';

interface Observe extends RolloutKey {
  stages: RolloutState['stages'];
  /** As the rollout left it. */
  route: RolloutRoute;
}

interface Observed {
  counts: Omit<CanaryCounts, 'custom'>;
  /** Of the route. */
  revision: number;
  /** There are labelled keys that only one of the two versions has scored. */
  unpaired: boolean;
  /** That it took. */
  lookMs: number;
}

export function observeActivities({ store }: Pick<OrchestratorDependencies, 'store'>) {
  return {
    /**
     * What a look at a rollout sees.
     *
     * @throws ROUTE_CONFLICT where the route is not as the rollout left it
     */
    async observe({ name, number, stages, route, pairs }: Observe & { pairs: boolean }): Promise<Observed> {
      const began = performance.now();
      const { revision } = await requireRoute(store, name, route);
      const counts = await store.rollouts.counts(name, number, stages);
      const unpaired = pairs && (await store.rollouts.unpaired(name, number, 1)).length > 0;
      return { counts, revision, unpaired, lookMs: Math.round(performance.now() - began) };
    },
  };
}
