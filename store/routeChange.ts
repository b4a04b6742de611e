import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { storable } from './rows.ts';
import { ROUTE_COLUMNS, toRoute, type StoredRoute } from './routeRows.ts';
import type { RouteChange, RouteRow } from './routeTypes.ts';
import type { AuditEvent } from './types.ts';

export interface Moved {
  route: RouteRow;
  /** To be appended as the last thing of the transaction; absent where the key had made this state before. */
  event?: AuditEvent;
}

/** A change by somebody who holds the row's lock, and so needs no revision to compare. */
export type NewState = Omit<RouteChange, 'holder' | 'expectedRevision'>;

/**
 * Compare-and-swap on the revision, within the caller's transaction.
 *
 * @throws PerennialError NOT_FOUND (route or version), ROUTE_CONFLICT, INVALID_INPUT (a state that no route can have)
 */
export async function changeRoute(client: pg.ClientBase, change: RouteChange): Promise<Moved> {
  const { name } = change;
  const seen = await lockRoute(client, name);
  if (!seen)
    throw new PerennialError('NOT_FOUND', `There is no route ${name}: none of its versions was registered.`, {
      field: 'name',
      value: name,
    });
  const made = await findMade(client, change);
  if (made) return { route: made };
  refuseStale(seen, change);
  await refuseHeld(client, seen, change);
  return writeRoute(client, change, seen);
}

/** Takes the row's lock, so that what was read stays true until the transaction ends. */
export async function lockRoute(client: pg.ClientBase, name: string): Promise<RouteRow | undefined> {
  const { rows } = await client.query<StoredRoute>(
    `SELECT ${ROUTE_COLUMNS} FROM routes WHERE name = $1 FOR NO KEY UPDATE`,
    [name],
  );
  return rows[0] && toRoute(rows[0]);
}

/**
 * The only way in which a route comes to be or changes: the row and its row of history, its audit row for the caller to
 * append; a trigger tells the gateways when it commits. The caller has locked `previous`.
 *
 * @throws PerennialError NOT_FOUND (version), INVALID_INPUT (a state that no route can have)
 */
export async function writeRoute(
  client: pg.ClientBase,
  change: NewState,
  previous: RouteRow | undefined,
): Promise<Moved> {
  refuseImpossible(change);
  await requireVersions(client, change);
  const revision = (previous?.revision ?? 0) + 1;
  const values = [
    change.name,
    change.championVersion,
    change.challengerVersion,
    change.weight,
    change.rolloutId,
    change.stage,
    change.standbyVersion,
    change.logInputs,
    revision,
  ];
  await client.query(previous ? UPDATE : INSERT, values);
  const reason = storable(change.reason);
  await client.query(HISTORY, [...values, storable(change.actor), reason, change.idempotencyKey]);
  const { name, championVersion, challengerVersion, weight, rolloutId, stage, standbyVersion, logInputs } =
    change;
  const route = withoutUndefined({
    ...{ name, championVersion, challengerVersion, weight, rolloutId, stage, standbyVersion, logInputs },
    revision,
  });
  return { route, event: auditEvent(route, previous, change.actor, reason) };
}

/** What the first call with this key made of the route. */
async function findMade(client: pg.ClientBase, change: RouteChange): Promise<RouteRow | undefined> {
  const { rows } = await client.query<StoredRoute>(
    `SELECT ${ROUTE_COLUMNS} FROM route_history WHERE name = $1 AND idempotency_key = $2`,
    [change.name, change.idempotencyKey],
  );
  return rows[0] && toRoute(rows[0]);
}

function refuseStale(seen: RouteRow, { name, expectedRevision }: RouteChange): void {
  if (seen.revision !== expectedRevision) {
    throw new PerennialError(
      'ROUTE_CONFLICT',
      `The route of ${name} is at revision ${seen.revision}, not at ${expectedRevision}: somebody changed it.`,
      { field: 'expectedRevision', value: expectedRevision, expected: String(seen.revision) },
    );
  }
}

/** A rollout that has ended holds nothing any more, also where it could not let go of the route itself. */
async function refuseHeld(
  client: pg.ClientBase,
  seen: RouteRow,
  { name, holder }: RouteChange,
): Promise<void> {
  if (seen.rolloutId === undefined || seen.rolloutId === holder) return;
  // No lock: an end is for ever (rollouts_stay_as_they_were).
  const { rowCount } = await client.query(`SELECT FROM rollouts WHERE id = $1 AND status <> 'running'`, [
    seen.rolloutId,
  ]);
  if (rowCount !== 0) return;
  throw new PerennialError(
    'ROUTE_CONFLICT',
    `The route of ${name} belongs to ${seen.rolloutId} while that is under way.`,
    { field: 'holder', value: holder ?? 'nobody', expected: seen.rolloutId },
  );
}

/** The table refuses these too; here they are told to the one who asked, by the field's name. */
function refuseImpossible(change: NewState): void {
  const { championVersion, challengerVersion, standbyVersion, weight, rolloutId, stage } = change;
  const refuse = (field: keyof NewState, expected: string) => {
    throw new PerennialError('INVALID_INPUT', `A route cannot be so: ${field} must be ${expected}.`, {
      field,
      value: change[field],
      expected,
    });
  };
  if (!(weight >= 0 && weight <= 1)) refuse('weight', 'between 0 and 1');
  if (weight > 0 && challengerVersion === undefined) refuse('weight', '0 without a challenger');
  if (challengerVersion !== undefined && rolloutId === undefined)
    refuse('challengerVersion', 'absent without a rollout');
  if (challengerVersion === championVersion) refuse('challengerVersion', 'another version than the champion');
  if (standbyVersion !== undefined && [championVersion, challengerVersion].includes(standbyVersion))
    refuse('standbyVersion', 'another version than those that serve');
  if ((rolloutId === undefined) !== (stage === undefined))
    refuse('stage', 'there with a rollout, and only then');
  if (stage !== undefined && !(Number.isInteger(stage) && stage >= 0)) refuse('stage', '0, 1, 2 ...');
}

async function requireVersions(client: pg.ClientBase, change: NewState): Promise<void> {
  const wanted = [change.championVersion, change.challengerVersion, change.standbyVersion].filter(
    (version) => version !== undefined,
  );
  const { rows } = await client.query<{ version: number }>(
    `SELECT version FROM unnest($2::bigint[]) AS wanted (version)
     WHERE NOT EXISTS (SELECT FROM versions WHERE name = $1 AND versions.version = wanted.version)`,
    [change.name, wanted],
  );
  const missing = rows[0]?.version;
  if (missing === undefined) return;
  throw new PerennialError('NOT_FOUND', `${change.name} has no version ${missing}.`, {
    field: 'version',
    value: `${change.name}@${missing}`,
  });
}

function auditEvent(
  route: RouteRow,
  previous: RouteRow | undefined,
  actor: string,
  reason: string,
): AuditEvent {
  const { name, championVersion, ...rest } = route;
  const details = { ...rest, champion: championVersion, previous: previous?.championVersion ?? null, reason };
  return { actor, action: 'route.change', subject: `route/${name}`, details };
}

function withoutUndefined<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
}

const INSERT = `
  INSERT INTO routes (name, champion_version, challenger_version, weight, rollout_id, stage, standby_version, log_inputs,
                      revision)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

const UPDATE = `
  UPDATE routes SET champion_version = $2, challenger_version = $3, weight = $4, rollout_id = $5, stage = $6,
                    standby_version = $7, log_inputs = $8, revision = $9
  WHERE name = $1`;

// By the database's clock, never before the state that it follows.
const HISTORY = `
  INSERT INTO route_history (name, champion_version, challenger_version, weight, rollout_id, stage, standby_version,
                             log_inputs, revision, actor, reason, idempotency_key, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
          greatest(date_trunc('milliseconds', clock_timestamp()),
                   (SELECT max(at) FROM route_history WHERE name = $1)))`;
