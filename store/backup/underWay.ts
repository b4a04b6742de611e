import type { Queryable } from '../pool.ts';
import type { RestoreSummary } from '../types.ts';

/** What was under way at the moment of a backup, and which lifecycles somebody had removed. */
export async function findUnderWay(client: Queryable): Promise<RestoreSummary['underWay']> {
  const running = async (table: 'runs' | 'rollouts') =>
    (
      await client.query<{ name: string; number: number }>(
        `SELECT name, number FROM ${table} WHERE status = 'running' ORDER BY name`,
      )
    ).rows;
  // A lifecycle that is removed leaves no word but this one.
  const removed = await client.query<{ name: string }>(
    `SELECT substr(subject, length('lifecycle/') + 1) AS name
     FROM (SELECT DISTINCT ON (subject) subject, action FROM audit
           WHERE action IN ('lifecycle.deploy', 'lifecycle.remove') ORDER BY subject, id DESC) AS last
     WHERE action = 'lifecycle.remove' ORDER BY subject`,
  );
  return {
    runs: await running('runs'),
    rollouts: await running('rollouts'),
    removed: removed.rows.map(({ name }) => name),
  };
}
