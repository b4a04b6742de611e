import { PerennialError } from '../config/errors.ts';
import type { Queryable } from './pool.ts';
import type { RolloutRow } from './rolloutTypes.ts';
import { iso, present } from './rows.ts';

/** Id of a rollout and subject of its audit rows. */
export function rolloutSubject(name: string, number: number): string {
  return `rollout/${name}/${number}`;
}

/** @throws PerennialError NOT_FOUND */
export async function requireRollout(db: Queryable, name: string, number: number): Promise<RolloutRow> {
  const row = await findRollout(db, name, number);
  if (row) return row;
  throw new PerennialError('NOT_FOUND', `There is no rollout ${number} of ${name}.`, {
    field: 'rollout',
    value: rolloutSubject(name, number),
  });
}

/**
 * From when on predictions may count for a rollout: a day before it began, for clocks that differ and for the champion's
 * own hour. A statement that says so in so many words reads, and locks, the tables of these days alone.
 */
export function daysOf({ startedAt }: RolloutRow): string {
  return new Date(Date.parse(startedAt) - DAY_MS).toISOString();
}

const DAY_MS = 86_400_000;

export async function findRollout(
  db: Queryable,
  name: string,
  number: number,
): Promise<RolloutRow | undefined> {
  return (await selectRollouts(db, 'WHERE name = $1 AND number = $2::bigint', [name, number])).at(0);
}

export async function selectRollouts(db: Queryable, where: string, values: unknown[]): Promise<RolloutRow[]> {
  const { rows } = await db.query<StoredRollout>(`${SELECT} ${where}`, values);
  return rows.map(toRollout);
}

const SELECT = `
  SELECT name, number, id, execution_id AS "executionId", champion_version AS "championVersion",
         challenger_version AS "challengerVersion", policy, status, reason, slow_above_us AS "slowAboveUs",
         started_by AS "startedBy", started_at AS "startedAt", promoted_at AS "promotedAt", ended_at AS "endedAt"
  FROM rollouts`;

type Times = 'startedAt' | 'promotedAt' | 'endedAt';
type StoredRollout = { [K in Exclude<keyof RolloutRow, Times>]-?: RolloutRow[K] } & {
  startedAt: Date;
  promotedAt: Date | null;
  endedAt: Date | null;
};

function toRollout(row: StoredRollout): RolloutRow {
  return present<RolloutRow>({
    ...row,
    startedAt: iso(row.startedAt),
    promotedAt: row.promotedAt && iso(row.promotedAt),
    endedAt: row.endedAt && iso(row.endedAt),
  });
}
