import type pg from 'pg';
import { numbers, present, storable } from './rows.ts';
import type { CandidateRow, Store } from './types.ts';

export function candidateTable(pool: pg.Pool): Store['candidates'] {
  return {
    async record(name, run, row) {
      await pool.query(
        `INSERT INTO candidates (name, run, index, learner, params, status, mean, std, folds, reason, duration_ms,
           rung, share)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (name, run, index) DO NOTHING`,
        [
          name,
          run,
          row.index,
          row.learner,
          JSON.stringify(row.params),
          row.status,
          row.mean,
          row.std,
          row.folds && JSON.stringify(row.folds),
          row.reason && storable(row.reason),
          row.durationMs,
          row.rung,
          row.share,
        ],
      );
    },

    async get(name, run, index) {
      const { rows } = await pool.query<StoredCandidate>(
        `${SELECT} WHERE name = $1 AND run = $2 AND index = $3`,
        [name, run, index],
      );
      return rows[0] && toCandidate(rows[0]);
    },

    async list(name, run) {
      const { rows } = await pool.query<StoredCandidate>(
        `${SELECT} WHERE name = $1 AND run = $2 ORDER BY index`,
        [name, run],
      );
      return rows.map(toCandidate);
    },

    async firstWithin(name, run, bound, better) {
      // To Postgres NaN is greater than every number.
      const good = better === 'higher' ? `mean >= $3 AND mean <> 'NaN'` : 'mean <= $3';
      const { rows } = await pool.query<StoredCandidate>(
        `${SELECT} WHERE name = $1 AND run = $2 AND status = 'done' AND ${good} ORDER BY index LIMIT 1`,
        [name, run, bound],
      );
      return rows[0] && toCandidate(rows[0]);
    },
  };
}

const SELECT = `
  SELECT index, learner, params, status, mean, std, folds, reason, duration_ms AS "durationMs", rung, share
  FROM candidates`;

type StoredCandidate = { [K in keyof CandidateRow]: CandidateRow[K] | null } & Pick<
  CandidateRow,
  'index' | 'learner' | 'params' | 'status'
>;

function toCandidate(row: StoredCandidate): CandidateRow {
  const candidate = present<CandidateRow>(row);
  return candidate.folds ? { ...candidate, folds: candidate.folds.map(numbers) } : candidate;
}
