import { cancellationSignal, sleep } from '@temporalio/activity';
import { PerennialError } from '../config/errors.ts';
import type { Store } from '../store/types.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { RolloutRoute } from '../workflows/rolloutMessages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

export interface ChangeRoute {
  name: string;
  /** Who holds the route, or is about to. */
  holder: string;
  /** What the rollout has made of it, or may have. */
  own: RolloutRoute[];
  wanted: RolloutRoute;
  expectedRevision: number;
  actor: string;
  reason: string;
  idempotencyKey: string;
}

export interface ChangedRoute {
  revision: number;
  /** Since when it holds, by the database's clock. */
  at: string;
}

/** How far the gateways have come with a version. */
export interface LoadState {
  /** Gateways with a lease. */
  alive: number;
  /** Addresses of those that have yet to load it. */
  waiting: string[];
  /** Those that cannot, and why. */
  failed: { url: string; reason: string }[];
}

/**
 * So long an activity waits by itself, in place of timers in the workflow's history. A gateway tries what failed again
 * after 1, 2, 4 ... s: what still stands after this is no accident.
 */
const WAIT_MS = 5_000;
const POLL_MS = 200;

export function routeActivities({ store }: OrchestratorDependencies) {
  return {
    /**
     * Compare-and-swap of the whole route.
     *
     * @throws ROUTE_CONFLICT where somebody else has changed it meanwhile
     */
    async changeRoute({ own, wanted, ...change }: ChangeRoute): Promise<ChangedRoute> {
      const { name } = change;
      let row: RouteRow;
      try {
        row = await store.routes.change({ ...wanted, ...change });
      } catch (error) {
        if (!(error instanceof PerennialError && error.code === 'ROUTE_CONFLICT')) throw error;
        const found = await store.routes.get(name);
        if (!found) throw error;
        if (isSame(found, wanted)) row = found;
        else if (own.some((route) => isSame(found, route)))
          // The rollout's own, under another number: an answer was lost for good, or its workflow was reset.
          row = await store.routes.change({
            ...wanted,
            ...change,
            expectedRevision: found.revision,
            idempotencyKey: `${change.idempotencyKey}/${found.revision}`,
          });
        else throw await conflict(store, found, error);
      }
      return { revision: row.revision, at: await since(store, row) };
    },

    /** Waits, for 5 s at most, until every gateway that is alive has loaded the version. */
    async awaitLoaded({ name, version }: { name: string; version: number }): Promise<LoadState> {
      const model = `${name}@${version}`;
      const until = performance.now() + WAIT_MS;
      for (;;) {
        const alive = (await store.gateways.list()).filter((gateway) => gateway.alive);
        const waiting = alive.filter(({ loaded }) => !loaded.includes(model));
        if (waiting.length === 0 || performance.now() > until) {
          const failed = waiting.flatMap((gateway) =>
            gateway.failed
              .filter((entry) => entry.model === model)
              .map(({ reason }) => ({ url: gateway.url, reason: reason.slice(0, MAX_REASON_CHARACTERS) })),
          );
          return {
            alive: alive.length,
            waiting: waiting.slice(0, MAX_NAMED).map(({ url }) => url),
            failed: failed.slice(0, MAX_NAMED),
          };
        }
        cancellationSignal().throwIfAborted();
        await sleep(POLL_MS);
      }
    },
  };
}

/** In what passes through Temporal. */
const MAX_NAMED = 20;
const MAX_REASON_CHARACTERS = 500;

/** @throws PerennialError ROUTE_CONFLICT where the route is not as the rollout left it */
export async function requireRoute(store: Store, name: string, left: RolloutRoute): Promise<RouteRow> {
  const found = await store.routes.get(name);
  if (found && isSame(found, left)) return found;
  throw await conflict(store, found);
}

function isSame(found: RolloutRoute, wanted: RolloutRoute): boolean {
  return FIELDS.every((field) => found[field] === wanted[field]);
}

const FIELDS = [
  ...(['championVersion', 'challengerVersion', 'weight', 'rolloutId'] as const),
  ...(['stage', 'standbyVersion', 'logInputs'] as const),
] satisfies (keyof RolloutRoute)[];

/** Names who it was. */
async function conflict(store: Store, found?: RouteRow, cause?: unknown): Promise<PerennialError> {
  if (!found) return new PerennialError('ROUTE_CONFLICT', 'The route is gone.', { cause });
  const changed = (await store.routes.history(found.name)).find(
    ({ revision }) => revision === found.revision,
  );
  return new PerennialError(
    'ROUTE_CONFLICT',
    `The route of ${found.name} was changed by ${changed?.actor ?? 'somebody'}: ${changed?.reason ?? 'unknown why'}`,
    { field: 'revision', value: found.revision, cause },
  );
}

async function since(store: Store, { name, revision }: RouteRow): Promise<string> {
  const row = (await store.routes.history(name)).find((entry) => entry.revision === revision);
  if (row) return row.at;
  throw new PerennialError('INTERNAL', `Revision ${revision} of the route of ${name} has no history.`);
}
