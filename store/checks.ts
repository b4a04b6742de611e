import type pg from 'pg';
import type { CheckResult } from '../decisions/checks.ts';
import { storable } from './rows.ts';
import type { Store } from './types.ts';

export function checkTable(pool: pg.Pool): Store['checks'] {
  return {
    async record(name, run, results) {
      // A repeated validation replaces what the lost one had recorded: the workflow acts on the answer of the last.
      await pool.query(
        `INSERT INTO check_results (name, run, index, kind, title, verdict, message, measurement)
         SELECT $1, $2, * FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[])
         ON CONFLICT (name, run, index) DO UPDATE SET
           kind = excluded.kind, title = excluded.title, verdict = excluded.verdict,
           message = excluded.message, measurement = excluded.measurement`,
        [
          name,
          run,
          results.map((result) => result.index),
          results.map((result) => result.kind),
          results.map((result) => storable(result.title)),
          results.map((result) => result.verdict),
          results.map((result) => storable(result.message)),
          results.map((result) => JSON.stringify(result.measurement)),
        ],
      );
    },

    async list(name, run) {
      const { rows } = await pool.query<CheckResult>(
        `SELECT index, kind, title, verdict, message, measurement
         FROM check_results WHERE name = $1 AND run = $2 ORDER BY index`,
        [name, run],
      );
      return rows;
    },
  };
}
