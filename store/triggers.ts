import type pg from 'pg';
import { dataTriggerId } from '../decisions/lifecycle/newData.ts';
import { appendAudit } from './audit.ts';
import type { LifecycleStore, TriggerRow } from './lifecycleTypes.ts';
import type { Queryable } from './pool.ts';
import { iso, present, storable } from './rows.ts';
import { transaction } from './transaction.ts';

export function triggerTable(
  pool: pg.Pool,
): Pick<LifecycleStore, 'decideTrigger' | 'isDataTaken' | 'triggers'> {
  return {
    decideTrigger: (row) =>
      transaction(pool, async (client) => {
        const { name, id, kind, at } = row;
        const [by, reason] = [storable(row.by), storable(row.reason)];
        // Holds the lifecycle's row, so that two calls for one trigger take turns.
        const { rows: numbers } = await client.query<{ next: number }>(
          `SELECT last_run + 1 AS next FROM lifecycles WHERE name = $1 FOR UPDATE`,
          [name],
        );
        const kept = await find(client, name, id);
        if (kept) return kept;
        const { decision, because } = (await servedBefore(client, row)) ?? row;
        const run = decision === 'train' ? numbers[0].next : null;
        if (run !== null)
          await client.query(`UPDATE lifecycles SET last_run = $2 WHERE name = $1`, [name, run]);
        await client.query(
          `INSERT INTO triggers (name, id, kind, reason, by, at, decision, because, run)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [name, id, kind, reason, by, at, decision, storable(because), run],
        );
        await appendAudit(client, [
          {
            actor: by,
            action: decision === 'train' ? 'trigger.train' : 'trigger.refuse',
            subject: `lifecycle/${name}`,
            details: { id, kind, reason, because: storable(because), ...(run === null ? {} : { run }) },
          },
        ]);
        return { ...row, decision, because, ...(run === null ? {} : { run }) };
      }),

    async isDataTaken(name, sourcesDigest) {
      const id = dataTriggerId(sourcesDigest);
      const read = await lastRead(pool, name);
      return (
        (read !== undefined && dataTriggerId(read.digest) === id) ||
        (await find(pool, name, id)) !== undefined
      );
    },

    async triggers(name, limit = 100) {
      return select(pool, `WHERE name = $1 ORDER BY decided_at DESC, id LIMIT $2`, [name, limit]);
    },
  };
}

/** New data waited, and what went before it read it: one training for what the sources hold. */
async function servedBefore(
  db: Queryable,
  { name, id, kind, decision }: Omit<TriggerRow, 'run'>,
): Promise<Pick<TriggerRow, 'decision' | 'because'> | undefined> {
  if (kind !== 'data' || decision !== 'train') return undefined;
  const read = await lastRead(db, name);
  if (!read || dataTriggerId(read.digest) !== id) return undefined;
  return { decision: 'refused', because: `Training ${read.number} has read it.` };
}

/** What the sources held when the newest training read them. */
async function lastRead(
  db: Queryable,
  name: string,
): Promise<{ number: number; digest: string } | undefined> {
  const { rows } = await db.query<{ number: number; digest: string }>(
    `SELECT number, sources_digest AS digest FROM runs WHERE name = $1 AND sources_digest IS NOT NULL
     ORDER BY number DESC LIMIT 1`,
    [name],
  );
  return rows.at(0);
}

async function find(client: Queryable, name: string, id: string): Promise<TriggerRow | undefined> {
  return (await select(client, `WHERE name = $1 AND id = $2`, [name, id])).at(0);
}

async function select(db: Queryable, where: string, values: unknown[]): Promise<TriggerRow[]> {
  const { rows } = await db.query<Omit<TriggerRow, 'at'> & { at: Date }>(
    `SELECT name, id, kind, reason, by, at, decision, because, run FROM triggers ${where}`,
    values,
  );
  return rows.map((row) => ({ ...present<typeof row>(row), at: iso(row.at) }));
}
