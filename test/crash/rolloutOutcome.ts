import { isChallengers } from '../../serving/assign.ts';
import type { PredictionRow } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { leftBy } from '../workflows/rollouts.ts';
import type { Answered } from './rolloutTraffic.ts';

/** What a rollout leaves behind, without what may differ between two of them: times, numbers of looks, sentences. */
export async function rolloutOutcomeOf(store: Store, name: string) {
  const [{ states, history, row, looks, audit }, ofRoute, versions, verdict] = await Promise.all([
    leftBy(store, name),
    store.audit.list(`route/${name}`),
    store.registry.list(name),
    store.audit.verify(),
  ]);
  return {
    status: row?.status,
    /** Oldest first: a route's state for each of its revisions. */
    states,
    revisions: history.map(({ revision }) => revision).sort((a, b) => a - b),
    /** Each by the revision that it made. */
    routeChanges: ofRoute.map(({ action, details }) => `${action} ${Number(details.revision)}`).reverse(),
    audit,
    champions: versions.filter(({ champion }) => champion).map(({ version }) => version),
    looksWithoutGap: looks.length > 0 && looks.every(({ index }, i) => index === i + 1),
    held: looks
      .filter(({ verdict: { action } }) => action === 'hold')
      .map(({ verdict: { reason } }) => reason),
    auditIntact: verdict.intact,
  };
}

/** What the log of predictions says of what clients were answered. */
export interface LogReport {
  /** Rows that are there more than once. */
  twice: string[];
  /** Records of another version than the client was answered by, of the wrong arm, or of a failure. */
  wrong: string[];
  missing: Answered[];
  records: PredictionRow[];
}

export async function readLog(store: Store, name: string, answered: readonly Answered[]): Promise<LogReport> {
  const [records, history] = await Promise.all([
    store.predictions.list({ name, limit: 1_000_000 }),
    store.routes.history(name),
  ]);
  // Of the first stage the route was at 0 before, while gateways loaded the challenger: then nothing counts for it.
  const weights = new Map<number | undefined, number>();
  for (const { stage, weight } of history) weights.set(stage, Math.max(weight, weights.get(stage) ?? 0));
  const wrong = records
    .filter((record) => !isAsAssigned(record, weights))
    .map((record) => JSON.stringify(record));
  const twice: string[] = [];
  const versions = new Map<string, number>();
  for (const { requestId, rows, rowIndexes, version } of records) {
    for (let i = 0; i < rows; i++) {
      const id = `${requestId}/${rowIndexes?.[i] ?? i}`;
      if (versions.has(id)) twice.push(id);
      versions.set(id, version);
    }
  }
  const missing = answered.filter(({ requestId, rows }) => {
    const logged = rows.map((_, i) => versions.get(`${requestId}/${i}`));
    const told = rows.map(({ version }) => version);
    if (logged.some((version, i) => version !== undefined && version !== told[i]))
      wrong.push(`${requestId} was answered by ${told.join()} and logged as ${logged.join()}`);
    return logged.includes(undefined);
  });
  return { twice, wrong, missing, records };
}

/** Answered, and where two versions share the keys by the one whose key it is. */
function isAsAssigned(
  { status, arm, rolloutId, stage, keys = [] }: PredictionRow,
  weights: ReadonlyMap<number | undefined, number>,
): boolean {
  if (status !== 0) return false;
  const weight = weights.get(stage) ?? 0;
  if (rolloutId === undefined || weight === 0) return arm !== 'challenger';
  return keys.every((key) => isChallengers(rolloutId, key, weight) === (arm === 'challenger'));
}
