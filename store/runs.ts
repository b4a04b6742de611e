import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable } from './pool.ts';
import { iso, present, storable } from './rows.ts';
import { transaction } from './transaction.ts';
import type { ArtifactInfo, RunRow, Store } from './types.ts';

export function runTable(pool: pg.Pool): Store['runs'] {
  return {
    async nextNumber(name) {
      const { rows } = await pool.query<{ number: number }>(
        `INSERT INTO lifecycles (name, last_run) VALUES ($1, 1)
         ON CONFLICT (name) DO UPDATE SET last_run = lifecycles.last_run + 1
         RETURNING last_run AS number`,
        [name],
      );
      return rows[0].number;
    },

    open: (run) => transaction(pool, (client) => openRun(client, run)),

    async update(name, number, facts) {
      // A repeated call may arrive when the run has ended; it then has nothing left to tell.
      await pool.query(
        `UPDATE runs SET
           dataset_digest = coalesce($3, dataset_digest),
           features_digest = coalesce($4, features_digest),
           evaluation_digest = coalesce($5, evaluation_digest),
           model_digest = coalesce($6, model_digest),
           task = coalesce($7, task),
           metric = coalesce($8, metric),
           sources_digest = coalesce($9, sources_digest)
         WHERE name = $1 AND number = $2 AND status = 'running'`,
        [
          name,
          number,
          facts.datasetDigest,
          facts.featuresDigest,
          facts.evaluationDigest,
          facts.modelDigest,
          facts.task,
          facts.metric,
          facts.sourcesDigest,
        ],
      );
    },

    close: (name, number, end) =>
      transaction(pool, async (client) => {
        const reason = storable(end.reason);
        const { rowCount } = await client.query(
          `UPDATE runs SET status = $3, reason = $4, ended_at = clock_timestamp()
           WHERE name = $1 AND number = $2 AND status = 'running'`,
          [name, number, end.status, reason],
        );
        if (rowCount === 0) return void (await requireRun(client, name, number));
        if (end.undecided)
          await client.query(`INSERT INTO undecided_runs (name, run, candidate) VALUES ($1, $2, $3)`, [
            name,
            number,
            end.undecided.candidate,
          ]);
        const subject = runSubject(name, number);
        await appendAudit(client, [
          {
            actor: end.actor ?? subject,
            action: 'run.close',
            subject,
            details: { status: end.status, reason },
          },
        ]);
      }),

    get: (name, number) => findRun(pool, name, number),

    async undecided(name, number) {
      const { rows } = await pool.query<{ candidate: number }>(
        `SELECT candidate FROM undecided_runs WHERE name = $1 AND run = $2`,
        [name, number],
      );
      return rows.at(0);
    },

    async running(name) {
      const { rows } = await pool.query<StoredRun>(`${SELECT} WHERE name = $1 AND status = 'running'`, [
        name,
      ]);
      return rows[0] && toRun(rows[0]);
    },

    async list(name, limit = 100) {
      const { rows } = await pool.query<StoredRun>(
        `${SELECT} WHERE $1::text IS NULL OR name = $1 ORDER BY started_at DESC, number DESC LIMIT $2`,
        [name ?? null, limit],
      );
      return rows.map(toRun);
    },

    async addArtifact(name, number, role, digest) {
      await linkArtifact(pool, { name, run: number, role }, digest);
    },

    async artifacts(name, number) {
      const { rows } = await pool.query<ArtifactInfo & { role: string }>(
        `SELECT role, digest, bytes, media_type AS "mediaType", kind
         FROM run_artifacts JOIN artifacts USING (digest)
         WHERE name = $1 AND run = $2
         ORDER BY role`,
        [name, number],
      );
      return rows;
    },
  };
}

/** Subject of a run's audit rows. */
export function runSubject(name: string, number: number): string {
  return `training/${name}/${number}`;
}

export async function linkArtifact(
  db: Queryable,
  owner: { name: string; run: number; role: string },
  digest: string,
): Promise<void> {
  await db.query(
    `INSERT INTO run_artifacts (name, run, role, digest) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name, run, role) DO UPDATE SET digest = excluded.digest WHERE run_artifacts.digest <> excluded.digest`,
    [owner.name, owner.run, owner.role, digest],
  );
}

/** @throws PerennialError NOT_FOUND */
export async function requireRun(db: Queryable, name: string, number: number): Promise<RunRow> {
  const run = await findRun(db, name, number);
  if (run) return run;
  throw new PerennialError('NOT_FOUND', `There is no run ${number} of ${name}.`, {
    field: 'run',
    value: runSubject(name, number),
  });
}

async function findRun(db: Queryable, name: string, number: number): Promise<RunRow | undefined> {
  const { rows } = await db.query<StoredRun>(`${SELECT} WHERE name = $1 AND number = $2::bigint`, [
    name,
    number,
  ]);
  return rows[0] && toRun(rows[0]);
}

type Opening = Parameters<Store['runs']['open']>[0];

async function openRun(client: pg.PoolClient, run: Opening): Promise<void> {
  // Takes the lifecycle's row, so that openings of one lifecycle come one after the other; and counts a number that
  // was not allocated here, so that it is never given out.
  await client.query(
    `INSERT INTO lifecycles (name, last_run) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET last_run = greatest(lifecycles.last_run, excluded.last_run)`,
    [run.name, run.number],
  );
  const { rows } = await client.query<StoredRun>(
    `${SELECT} WHERE execution_id = $1 OR (name = $2 AND (number = $3 OR status = 'running'))`,
    [run.executionId, run.name, run.number],
  );
  const own = rows.find((row) => row.executionId === run.executionId);
  if (own?.name === run.name && own.number === run.number) return;
  const taken = own ?? rows.find((row) => row.number === run.number);
  if (taken) {
    const subject = runSubject(run.name, run.number);
    throw new PerennialError(
      'INVALID_INPUT',
      `${subject} cannot be opened by the execution ${run.executionId}: ${runSubject(taken.name, taken.number)} belongs to ${taken.executionId}.`,
      {
        field: 'executionId',
        value: run.executionId,
        expected: 'a new number for a new execution',
      },
    );
  }
  const other = rows[0];
  if (other) {
    throw new PerennialError(
      'RUN_IN_PROGRESS',
      `${other.workflowId} is under way; one run of ${run.name} at a time.`,
      {
        field: 'name',
        value: other.workflowId,
        expected: 'the other run to end first, or to be cancelled',
      },
    );
  }
  await client.query(
    `INSERT INTO runs (name, number, workflow_id, execution_id, definition_hash) VALUES ($1, $2, $3, $4, $5)`,
    [run.name, run.number, run.workflowId, run.executionId, run.definitionHash],
  );
  const { workflowId, executionId, definitionHash } = run;
  await appendAudit(client, [
    {
      actor: run.actor,
      action: 'run.open',
      subject: runSubject(run.name, run.number),
      details: { workflowId, executionId, definitionHash },
    },
  ]);
}

const SELECT = `
  SELECT name, number, workflow_id AS "workflowId", execution_id AS "executionId", definition_hash AS "definitionHash",
         status, dataset_digest AS "datasetDigest", sources_digest AS "sourcesDigest", features_digest AS "featuresDigest",
         evaluation_digest AS "evaluationDigest", model_digest AS "modelDigest", version, reason, task, metric,
         started_at AS "startedAt", ended_at AS "endedAt"
  FROM runs`;

type StoredRun = { [K in keyof RunRow]-?: RunRow[K] | null } & Pick<
  RunRow,
  'name' | 'number' | 'workflowId' | 'executionId'
> & {
    startedAt: Date;
    endedAt: Date | null;
  };

function toRun(row: StoredRun): RunRow {
  return present<RunRow>({ ...row, startedAt: iso(row.startedAt), endedAt: row.endedAt && iso(row.endedAt) });
}
