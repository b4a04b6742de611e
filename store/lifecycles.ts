import type pg from 'pg';
import { appendAudit } from './audit.ts';
import { lifecycleEventTable } from './lifecycleEvents.ts';
import type { DeploymentRow, LifecycleRow, LifecycleStore } from './lifecycleTypes.ts';
import { iso, present, storable } from './rows.ts';
import { transaction } from './transaction.ts';
import { triggerTable } from './triggers.ts';

export function lifecycleTable(pool: pg.Pool): LifecycleStore {
  return {
    recordDeployment: (row) =>
      transaction(pool, async (client) => {
        const { name, number, definitionHash, baseDirectory, changes } = row;
        const [actor, reason] = [storable(row.actor), storable(row.reason)];
        await client.query(`INSERT INTO lifecycles (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`, [name]);
        const { rows } = await client.query<{ at: Date }>(
          `INSERT INTO deployments (name, number, definition_hash, base_directory, actor, reason, changes)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (name, number) DO NOTHING
           RETURNING at`,
          [name, number, definitionHash, baseDirectory, actor, reason, JSON.stringify(changes)],
        );
        const made = rows.at(0);
        if (!made) {
          const kept = await client.query<{ at: Date }>(
            `SELECT at FROM deployments WHERE name = $1 AND number = $2`,
            [name, number],
          );
          return { at: iso(kept.rows[0].at) };
        }
        await appendAudit(client, [
          {
            actor,
            action: 'lifecycle.deploy',
            subject: lifecycleSubject(name),
            details: { number, definitionHash, reason, changes },
          },
        ]);
        return { at: iso(made.at) };
      }),

    async deployments(name, limit = 100) {
      const { rows } = await pool.query<Omit<DeploymentRow, 'at'> & { at: Date }>(
        `SELECT name, number, definition_hash AS "definitionHash", base_directory AS "baseDirectory", actor, reason,
                changes, at
         FROM deployments WHERE name = $1 ORDER BY number DESC LIMIT $2`,
        [name, limit],
      );
      return rows.map((row) => ({ ...row, at: iso(row.at) }));
    },

    async keepState(name, revision, state) {
      await pool.query(
        `INSERT INTO lifecycle_states (name, revision, state) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE
           SET revision = excluded.revision, state = excluded.state, updated_at = clock_timestamp()
           WHERE lifecycle_states.revision < excluded.revision`,
        [name, revision, JSON.stringify(state)],
      );
    },

    async get(name) {
      return (await select(pool, 'WHERE d.name = $1', [name])).at(0);
    },
    list: () => select(pool, '', []),

    async isRemoved(name) {
      // A lifecycle that is removed leaves no word but this one.
      const { rows } = await pool.query<{ action: string }>(
        `SELECT action FROM audit WHERE subject = $1 AND action IN ('lifecycle.deploy', 'lifecycle.remove')
         ORDER BY id DESC LIMIT 1`,
        [lifecycleSubject(name)],
      );
      return rows.at(0)?.action === 'lifecycle.remove';
    },

    async note(name, { key, actor, action, details }) {
      await transaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `INSERT INTO lifecycle_notes (name, key) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
          [name, key],
        );
        if (rowCount === 0) return;
        await appendAudit(client, [{ actor, action, subject: lifecycleSubject(name), details }]);
      });
    },

    async markBad(name, version, reason, actor) {
      await transaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `INSERT INTO bad_versions (name, version, reason, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
          [name, version, storable(reason), storable(actor)],
        );
        if (rowCount === 0) return;
        const subject = `model/${name}/${version}`;
        await appendAudit(client, [
          { actor, action: 'version.bad', subject, details: { reason: storable(reason) } },
        ]);
      });
    },

    async badVersions(name) {
      const { rows } = await pool.query<{ version: number; reason: string; at: Date }>(
        `SELECT version, reason, at FROM bad_versions WHERE name = $1 ORDER BY version DESC`,
        [name],
      );
      return rows.map((row) => ({ ...row, at: iso(row.at) }));
    },

    ...triggerTable(pool),
    ...lifecycleEventTable(pool),
  };
}

function lifecycleSubject(name: string): string {
  return `lifecycle/${name}`;
}

/** What was deployed last, with what its workflow knew after its last change. */
async function select(pool: pg.Pool, where: string, values: unknown[]): Promise<LifecycleRow[]> {
  const { rows } = await pool.query<
    Omit<LifecycleRow, 'deployedAt' | 'updatedAt'> & { deployedAt: Date; updatedAt: Date }
  >(
    `SELECT DISTINCT ON (d.name) d.name, definition_hash AS "definitionHash", base_directory AS "baseDirectory",
            d.actor AS "deployedBy", d.at AS "deployedAt", coalesce(state, '{}') AS state,
            coalesce(revision, 0)::integer AS revision, coalesce(updated_at, d.at) AS "updatedAt"
     FROM deployments AS d LEFT JOIN lifecycle_states USING (name)
     ${where}
     ORDER BY d.name, number DESC`,
    values,
  );
  return rows.map((row) => ({
    ...present<typeof row>(row),
    deployedAt: iso(row.deployedAt),
    updatedAt: iso(row.updatedAt),
  }));
}
