import type pg from 'pg';
import { appendAudit } from './audit.ts';
import type { LifecycleStore, TriggerRow } from './lifecycleTypes.ts';
import { iso, present, storable } from './rows.ts';
import { transaction } from './transaction.ts';

export function triggerTable(pool: pg.Pool): Pick<LifecycleStore, 'decideTrigger' | 'triggers'> {
  return {
    decideTrigger: (row) =>
      transaction(pool, async (client) => {
        const { name, id, kind, at, decision } = row;
        const [by, reason, because] = [storable(row.by), storable(row.reason), storable(row.because)];
        // Holds the lifecycle's row, so that two calls for one trigger take turns.
        const { rows: numbers } = await client.query<{ next: number }>(
          `SELECT last_run + 1 AS next FROM lifecycles WHERE name = $1 FOR UPDATE`,
          [name],
        );
        const kept = await find(client, name, id);
        if (kept) return kept;
        const run = decision === 'train' ? numbers[0].next : null;
        if (run !== null)
          await client.query(`UPDATE lifecycles SET last_run = $2 WHERE name = $1`, [name, run]);
        await client.query(
          `INSERT INTO triggers (name, id, kind, reason, by, at, decision, because, run)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [name, id, kind, reason, by, at, decision, because, run],
        );
        await appendAudit(client, [
          {
            actor: by,
            action: decision === 'train' ? 'trigger.train' : 'trigger.refuse',
            subject: `lifecycle/${name}`,
            details: { id, kind, reason, because, ...(run === null ? {} : { run }) },
          },
        ]);
        return { ...row, ...(run === null ? {} : { run }) };
      }),

    async triggers(name, limit = 100) {
      return select(pool, `WHERE name = $1 ORDER BY decided_at DESC, id LIMIT $2`, [name, limit]);
    },
  };
}

async function find(client: pg.ClientBase, name: string, id: string): Promise<TriggerRow | undefined> {
  return (await select(client, `WHERE name = $1 AND id = $2`, [name, id])).at(0);
}

async function select(
  client: Pick<pg.ClientBase, 'query'> | pg.Pool,
  where: string,
  values: unknown[],
): Promise<TriggerRow[]> {
  const { rows } = await (client as pg.Pool).query<Omit<TriggerRow, 'at'> & { at: Date }>(
    `SELECT name, id, kind, reason, by, at, decision, because, run FROM triggers ${where}`,
    values,
  );
  return rows.map((row) => ({ ...present<typeof row>(row), at: iso(row.at) }));
}
