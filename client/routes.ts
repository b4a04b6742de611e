import { randomUUID } from 'node:crypto';
import { PerennialError } from '../config/errors.ts';
import { parseTime } from '../config/time.ts';
import type { ApiKeyRow, Role, RouteHistoryRow, RouteRow } from '../store/routeTypes.ts';
import type { Store } from '../store/types.ts';

/** Which versions serve, and who may ask. */
export interface RouteCalls {
  /** @throws PerennialError NOT_FOUND */
  route(name: string): Promise<RouteRow>;
  routes(): Promise<RouteRow[]>;
  /** Newest first. */
  routeHistory(name: string, limit?: number): Promise<RouteHistoryRow[]>;
  /** The state that held at that moment. @param time ISO 8601. @throws PerennialError NOT_FOUND, INVALID_INPUT */
  championAt(name: string, time: string): Promise<RouteHistoryRow>;
  /**
   * Makes a version the champion by hand, without a rollout.
   *
   * @throws PerennialError NOT_FOUND; ROUTE_CONFLICT where somebody else changed it meanwhile or a rollout holds it
   */
  setRoute(
    name: string,
    version: number,
    change: { actor: string; reason: string; expectedRevision?: number },
  ): Promise<RouteRow>;
}

export interface KeyCalls {
  /** The secret is told this once. */
  create(key: { name: string; roles: Role[]; actor: string }): Promise<ApiKeyRow & { secret: string }>;
  list(): Promise<ApiKeyRow[]>;
  /** @throws PerennialError NOT_FOUND */
  revoke(id: string, actor: string): Promise<void>;
}

export function routeCalls({ routes }: Store): RouteCalls {
  const get = async (name: string): Promise<RouteRow> => {
    const route = await routes.get(name);
    if (!route) throw noRoute(name);
    return route;
  };
  return {
    route: get,
    routes: () => routes.list(),
    routeHistory: (name, limit) => routes.history(name, limit),
    async championAt(name, time) {
      const moment = parseTime(time);
      if (moment === undefined) {
        throw new PerennialError('INVALID_INPUT', `"${time}" is no time.`, {
          field: 'time',
          value: time,
          expected: 'ISO 8601, for example 2026-01-31T12:00:00Z',
        });
      }
      const found = await routes.at(name, new Date(moment).toISOString());
      if (found) return found;
      await get(name);
      throw new PerennialError('NOT_FOUND', `${name} had no champion at ${time}.`, {
        field: 'time',
        value: time,
        expected: 'a time after its first version was registered',
      });
    },
    async setRoute(name, version, { actor, reason, expectedRevision }) {
      const before = await get(name);
      return routes.change({
        name,
        championVersion: version,
        weight: 0,
        logInputs: before.logInputs,
        expectedRevision: expectedRevision ?? before.revision,
        actor,
        reason,
        idempotencyKey: `by-hand/${randomUUID()}`,
      });
    },
  };
}

function noRoute(name: string): PerennialError {
  return new PerennialError('NOT_FOUND', `No version of ${name} serves.`, {
    field: 'name',
    value: name,
    expected: 'a model that `npx perennial models` lists',
  });
}
