import type { RouteRow } from '../store/routeTypes.ts';
import { isChallengers } from './assign.ts';
import type { InferRequest } from './types.ts';

/** Which rows of a request are whose. */
export type Split =
  | { champion: 'all'; challenger: 'none' }
  | { champion?: undefined; challenger: 'all' }
  | { champion: readonly number[]; challenger: readonly number[] };

/** By each row's key, or by the one key of all rows; without a key by the request's id. */
export function splitRows(
  { challengerVersion, rolloutId, weight }: RouteRow,
  { keys, requestId, batch }: Pick<InferRequest, 'keys' | 'requestId' | 'batch'>,
): Split {
  if (challengerVersion === undefined || rolloutId === undefined || weight <= 0) return ALL_CHAMPIONS;
  if (!keys || keys.length === 1)
    return isChallengers(rolloutId, keys?.[0] ?? requestId, weight) ? ALL_CHALLENGERS : ALL_CHAMPIONS;
  const champion: number[] = [];
  const challenger: number[] = [];
  for (let row = 0; row < batch.rows; row++)
    (isChallengers(rolloutId, keys[row], weight) ? challenger : champion).push(row);
  if (challenger.length === 0) return ALL_CHAMPIONS;
  return champion.length === 0 ? ALL_CHALLENGERS : { champion, challenger };
}

const ALL_CHAMPIONS: Split = { champion: 'all', challenger: 'none' };
const ALL_CHALLENGERS: Split = { challenger: 'all' };
