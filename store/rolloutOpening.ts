import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { appendAudit } from './audit.ts';
import { requireRollout, rolloutSubject, selectRollouts } from './rolloutRows.ts';
import type { RolloutRow, RolloutStore } from './rolloutTypes.ts';

type Opening = Parameters<RolloutStore['open']>[0];

export async function openRollout(client: pg.ClientBase, rollout: Opening): Promise<RolloutRow> {
  const { name, number, executionId, challengerVersion } = rollout;
  // Takes the lifecycle's row, so that openings of one model come one after the other; and counts a number that was
  // not allocated here, so that it is never given out.
  await client.query(`UPDATE lifecycles SET last_rollout = greatest(last_rollout, $2) WHERE name = $1`, [
    name,
    number,
  ]);
  const found = await selectRollouts(
    client,
    `WHERE execution_id = $1 OR (name = $2 AND (number = $3 OR status = 'running'))`,
    [executionId, name, number],
  );
  const own = found.find((row) => row.executionId === executionId);
  if (own?.name === name && own.number === number) return own;
  refuseTaken(rollout, own ?? found.find((row) => row.number === number));
  const other = found.at(0);
  if (other) refuseSecond(name, other);

  const championVersion = await championBeside(client, name, challengerVersion);
  await client.query(
    `INSERT INTO rollouts (name, number, id, execution_id, champion_version, challenger_version, policy, started_by,
                           dropped_before)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce(json_object_agg(gateways.id, dropped), '{}') FROM gateways`,
    [
      name,
      number,
      rollout.id,
      executionId,
      championVersion,
      challengerVersion,
      JSON.stringify(rollout.policy),
      rollout.startedBy,
    ],
  );
  await appendAudit(client, [
    {
      actor: rollout.startedBy,
      action: 'rollout.open',
      subject: rolloutSubject(name, number),
      details: {
        executionId,
        champion: championVersion,
        challenger: challengerVersion,
        policy: rollout.policy,
      },
    },
  ]);
  return requireRollout(client, name, number);
}

function refuseTaken({ name, number, executionId }: Opening, taken: RolloutRow | undefined): void {
  if (!taken) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `${rolloutSubject(name, number)} cannot be opened by the execution ${executionId}: ${taken.id} belongs to ${taken.executionId}.`,
    { field: 'executionId', value: executionId, expected: 'a new number for a new execution' },
  );
}

function refuseSecond(name: string, other: RolloutRow): never {
  throw new PerennialError(
    'ROLLOUT_IN_PROGRESS',
    `${other.id} is under way; one rollout of ${name} at a time.`,
    { field: 'name', value: other.id, expected: 'the other rollout to end first' },
  );
}

/** The version that serves now. @throws PerennialError NOT_FOUND, INVALID_INPUT where it is the challenger itself */
async function championBeside(
  client: pg.ClientBase,
  name: string,
  challengerVersion: number,
): Promise<number> {
  const { rows } = await client.query<{ champion: number | null; known: boolean }>(
    `SELECT (SELECT champion_version FROM routes WHERE name = $1) AS champion,
            EXISTS (SELECT FROM versions WHERE name = $1 AND version = $2::bigint) AS known`,
    [name, challengerVersion],
  );
  const { champion, known } = rows[0];
  const value = `${name}@${challengerVersion}`;
  if (!known)
    throw new PerennialError('NOT_FOUND', `There is no version ${value}.`, { field: 'version', value });
  if (champion === null)
    throw new PerennialError('NOT_FOUND', `${name} has no champion.`, { field: 'name', value: name });
  if (champion !== challengerVersion) return champion;
  throw new PerennialError('INVALID_INPUT', `${value} is the champion already.`, {
    field: 'version',
    value,
    expected: 'another version than the champion',
  });
}
