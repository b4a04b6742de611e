import { present } from './rows.ts';
import type { RouteRow } from './routeTypes.ts';

/** What `routes` and `route_history` have in common. */
export const ROUTE_COLUMNS = `
  name, champion_version AS "championVersion", challenger_version AS "challengerVersion", weight,
  rollout_id AS "rolloutId", stage, standby_version AS "standbyVersion", log_inputs AS "logInputs", revision`;

export type StoredRoute = { [K in keyof RouteRow]-?: RouteRow[K] | null } & Pick<
  RouteRow,
  'name' | 'championVersion' | 'weight' | 'logInputs' | 'revision'
>;

export function toRoute(row: StoredRoute): RouteRow {
  return present<RouteRow>(row);
}
