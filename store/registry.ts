import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { appendAudit } from './audit.ts';
import { iso, numbers, storable } from './rows.ts';
import { lockRoute, writeRoute } from './routeChange.ts';
import { requireRun, runSubject } from './runs.ts';
import { transaction } from './transaction.ts';
import type { AuditEvent, ModelVersionRow, Store } from './types.ts';

export function registryTables(pool: pg.Pool): Store['registry'] {
  return {
    register: (version, options) => transaction(pool, (client) => register(client, version, options)),
    registerUndecided: (version, by) => transaction(pool, (client) => registerUndecided(client, version, by)),
    import: (version) => transaction(pool, (client) => importVersion(client, version)),

    async get(name, version) {
      const { rows } = await pool.query<StoredVersion>(
        `${SELECT} WHERE versions.name = $1 AND version = coalesce($2::bigint, champion_version)`,
        [name, version ?? null],
      );
      return rows[0] && toVersion(rows[0]);
    },

    async list(name) {
      const { rows } = await pool.query<StoredVersion>(
        `${SELECT} WHERE $1::text IS NULL OR versions.name = $1 ORDER BY versions.name, version DESC`,
        [name ?? null],
      );
      return rows.map(toVersion);
    },
  };
}

type NewVersion = Parameters<Store['registry']['register']>[0];
type Registered = Awaited<ReturnType<Store['registry']['register']>>;

async function register(
  client: pg.PoolClient,
  given: NewVersion,
  options: { promote: boolean; actor: string },
): Promise<Registered> {
  const { name, runNumber, digest } = given;
  await takeTurn(client, name);
  const run = await requireRun(client, name, runNumber);
  if (run.status === 'registered') return repeated(client, given);
  if (run.status !== 'running') {
    const code = run.status === 'cancelled' ? 'CANCELLED' : 'INVALID_INPUT';
    throw new PerennialError(
      code,
      `${runSubject(name, runNumber)} has ended as ${run.status}; nothing was registered.`,
      {
        field: 'runNumber',
        value: run.status,
        expected: 'a run under way',
      },
    );
  }
  const subject = runSubject(name, runNumber);
  const found = await findByDigest(client, name, digest);
  const version = found?.version ?? (await insertVersion(client, given));
  const route = await crown(client, name, version, { ...options, key: `${run.executionId}/register` });
  await client.query(
    `UPDATE runs SET status = 'registered', version = $3, model_digest = $4, ended_at = clock_timestamp()
     WHERE name = $1 AND number = $2`,
    [name, runNumber, version, digest],
  );
  const { actor } = options;
  const events: AuditEvent[] = [];
  if (!found)
    events.push({
      actor,
      action: 'version.register',
      subject: `model/${name}/${version}`,
      details: { digest, run: subject },
    });
  if (route.event) events.push(route.event);
  events.push({ actor, action: 'run.close', subject, details: { status: 'registered', version, digest } });
  await appendAudit(client, events);
  return { version, existing: found !== undefined, champion: route.championVersion === version };
}

async function registerUndecided(
  client: pg.PoolClient,
  given: NewVersion,
  { actor, reason }: { actor: string; reason: string },
): Promise<{ version: number; existing: boolean }> {
  const { name, runNumber, digest } = given;
  await takeTurn(client, name);
  const run = await requireRun(client, name, runNumber);
  const { rowCount } = await client.query(`SELECT FROM undecided_runs WHERE name = $1 AND run = $2`, [
    name,
    runNumber,
  ]);
  const subject = runSubject(name, runNumber);
  if (rowCount === 0 || run.modelDigest !== digest) {
    throw new PerennialError(
      'INVALID_INPUT',
      `${subject} leaves nothing to a person; nothing was registered.`,
      {
        field: 'runNumber',
        value: run.status,
        expected: 'a run that ended undecided',
      },
    );
  }
  const found = await findByDigest(client, name, digest);
  if (found) return { version: found.version, existing: found.run !== runNumber };
  const version = await insertVersion(client, given);
  const details = { digest, run: subject, reason: storable(reason) };
  await appendAudit(client, [
    { actor, action: 'version.register', subject: `model/${name}/${version}`, details },
  ]);
  return { version, existing: false };
}

async function importVersion(
  client: pg.PoolClient,
  given: Parameters<Store['registry']['import']>[0],
): Promise<Registered> {
  const { name, digest, imported } = given;
  await client.query(`INSERT INTO lifecycles (name) VALUES ($1) ON CONFLICT DO NOTHING`, [name]);
  await takeTurn(client, name);
  const found = await findByDigest(client, name, digest);
  const version = found?.version ?? (await insertVersion(client, given));
  const subject = `model/${name}/${version}`;
  // Under that of the row: a file that was imported twice is one version and one champion.
  const by = { promote: false, actor: imported.by, key: `${subject}/import` };
  const route = await crown(client, name, version, by);
  const details = { digest, file: imported.file, fileName: storable(imported.fileName) };
  const events: AuditEvent[] = found
    ? []
    : [{ actor: imported.by, action: 'version.import', subject, details }];
  if (route.event) events.push(route.event);
  await appendAudit(client, events);
  return { version, existing: found !== undefined, champion: route.championVersion === version };
}

/** Registrations of one lifecycle come one after the other; its row counts the versions. */
async function takeTurn(client: pg.PoolClient, name: string): Promise<void> {
  await client.query(`SELECT FROM lifecycles WHERE name = $1 FOR NO KEY UPDATE`, [name]);
}

/** The answer again, for a caller that lost the first one. `champion` tells of now. */
async function repeated(client: pg.PoolClient, { name, runNumber, digest }: NewVersion): Promise<Registered> {
  const found = await findByDigest(client, name, digest);
  const run = await requireRun(client, name, runNumber);
  if (!found || run.version !== found.version) {
    throw new PerennialError(
      'INVALID_INPUT',
      `${runSubject(name, runNumber)} has registered another model as version ${run.version}.`,
      {
        field: 'digest',
        value: digest,
        expected: run.modelDigest,
      },
    );
  }
  const { rows } = await client.query<{ champion: boolean }>(
    `SELECT champion_version = $2 AS champion FROM routes WHERE name = $1`,
    [name, found.version],
  );
  return { version: found.version, existing: found.run !== runNumber, champion: rows[0]?.champion ?? false };
}

async function findByDigest(client: pg.PoolClient, name: string, digest: string) {
  const { rows } = await client.query<{ version: number; run: number | null }>(
    `SELECT version, run FROM versions WHERE name = $1 AND digest = $2`,
    [name, digest],
  );
  return rows[0];
}

async function insertVersion(
  client: pg.PoolClient,
  given: Omit<ModelVersionRow, 'version' | 'createdAt'>,
): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `UPDATE lifecycles SET last_version = last_version + 1 WHERE name = $1 RETURNING last_version AS version`,
    [given.name],
  );
  const { version } = rows[0];
  await client.query(
    `INSERT INTO versions (name, version, digest, run, definition_hash, dataset_digest, golden_digest, evaluation_digest,
                           signature, learner, params, metrics, cv, code, imported_digest, imported)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      given.name,
      version,
      given.digest,
      given.runNumber ?? null,
      given.definitionHash ?? null,
      given.datasetDigest ?? null,
      given.goldenDigest,
      given.evaluationDigest ?? null,
      JSON.stringify(given.signature),
      given.learner,
      JSON.stringify(given.params),
      JSON.stringify(given.metrics),
      given.cv ? JSON.stringify(given.cv) : null,
      JSON.stringify(given.code),
      given.imported?.file ?? null,
      given.imported ? JSON.stringify(given.imported) : null,
    ],
  );
  return version;
}

/**
 * Makes the version champion where there is none, or where it is to be promoted. Other choices of the route (inputs
 * logged, no challenger) stay; a route that a rollout holds stays as it is: that rollout's verdict comes first.
 */
async function crown(
  client: pg.PoolClient,
  name: string,
  version: number,
  by: { promote: boolean; actor: string; key: string },
): Promise<{ championVersion: number; event?: AuditEvent }> {
  const seen = await lockRoute(client, name);
  if (seen && (!by.promote || seen.championVersion === version || seen.rolloutId !== undefined))
    return { championVersion: seen.championVersion };
  const state = {
    name,
    championVersion: version,
    weight: 0,
    logInputs: seen?.logInputs ?? false,
    actor: by.actor,
    reason: seen ? 'promoted by its registration' : 'the first version',
    idempotencyKey: by.key,
  };
  const { event } = await writeRoute(client, state, seen);
  return { championVersion: version, event };
}

const SELECT = `
  SELECT versions.name, version, digest, run AS "runNumber", definition_hash AS "definitionHash",
         dataset_digest AS "datasetDigest", signature, learner, params, metrics, cv, golden_digest AS "goldenDigest",
         evaluation_digest AS "evaluationDigest", code, imported, created_at AS "createdAt",
         coalesce(champion_version = version, false) AS champion
  FROM versions LEFT JOIN routes ON routes.name = versions.name`;

type Stored<T> = { [K in keyof T]: undefined extends T[K] ? T[K] | null : T[K] };
type StoredVersion = Stored<Omit<ModelVersionRow, 'createdAt'>> & { createdAt: Date; champion: boolean };

/** What a version does not have is absent of its row, and not null. */
function toVersion(row: StoredVersion): ModelVersionRow & { champion: boolean } {
  const present = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  return {
    ...(present as unknown as ModelVersionRow & { champion: boolean }),
    metrics: numbers(row.metrics),
    createdAt: iso(row.createdAt),
  };
}
