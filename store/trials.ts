import type pg from 'pg';
import { numbers, present, storable } from './rows.ts';
import type { Store, TrialRow } from './types.ts';

export function trialTable(pool: pg.Pool): Store['trials'] {
  return {
    async record(name, run, row, { ends }) {
      await pool.query(
        `WITH trial AS (
           INSERT INTO trials (name, run, index, rung, share, learner, params, status, mean, std, folds, reason,
             duration_ms)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           ON CONFLICT (name, run, index, rung) DO NOTHING
           RETURNING *)
         INSERT INTO candidates (name, run, index, rung, share, learner, params, status, mean, std, folds, reason,
           duration_ms)
         SELECT name, run, index, rung, share, learner, params, status, mean, std, folds, reason, duration_ms
         FROM trial WHERE $14
         ON CONFLICT (name, run, index) DO NOTHING`,
        [
          ...[name, run, row.index, row.rung, row.share, row.learner, JSON.stringify(row.params), row.status],
          ...[row.mean, row.std, row.folds && JSON.stringify(row.folds), row.reason && storable(row.reason)],
          ...[row.durationMs, ends],
        ],
      );
    },

    async get(name, run, index, rung) {
      const { rows } = await pool.query<StoredTrial>(
        `${SELECT} WHERE name = $1 AND run = $2 AND index = $3 AND rung = $4`,
        [name, run, index, rung],
      );
      return rows[0] && toTrial(rows[0]);
    },

    async list(name, run) {
      const { rows } = await pool.query<StoredTrial>(
        `${SELECT} WHERE name = $1 AND run = $2 ORDER BY index, rung`,
        [name, run],
      );
      return rows.map(toTrial);
    },
  };
}

const SELECT = `
  SELECT index, rung, share, learner, params, status, mean, std, folds, reason, duration_ms AS "durationMs"
  FROM trials`;

type Present = 'index' | 'rung' | 'share' | 'learner' | 'params' | 'status';
type StoredTrial = { [K in keyof TrialRow]: TrialRow[K] | null } & Pick<TrialRow, Present>;

function toTrial(row: StoredTrial): TrialRow {
  const trial = present<TrialRow>(row);
  return trial.folds ? { ...trial, folds: trial.folds.map(numbers) } : trial;
}
