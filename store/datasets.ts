import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { iso } from './rows.ts';
import type { DatasetRow, Store } from './types.ts';

export function datasetTable(pool: pg.Pool): Store['datasets'] {
  return {
    async findByKey(key) {
      const { rows } = await pool.query<StoredDataset>(`${SELECT} WHERE key = $1`, [key]);
      return rows[0] && toDataset(rows[0]);
    },

    async get(digest) {
      // Several keys may have given the same bytes; the first one tells how.
      const { rows } = await pool.query<StoredDataset>(
        `${SELECT} WHERE digest = $1 ORDER BY created_at, key LIMIT 1`,
        [digest],
      );
      if (!rows[0])
        throw new PerennialError('NOT_FOUND', `There is no dataset ${digest}.`, {
          field: 'dataset',
          value: digest,
        });
      return toDataset(rows[0]);
    },

    async record(row) {
      await pool.query(
        `INSERT INTO datasets (key, digest, rows, bytes, columns, sources, query)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (key) DO NOTHING`,
        [
          row.key,
          row.digest,
          row.rows,
          row.bytes,
          JSON.stringify(row.columns),
          JSON.stringify(row.sources),
          row.query,
        ],
      );
    },

    async acceptedSchema(name, query) {
      const { rows } = await pool.query<{ columns: { name: string; sqlType: string }[] }>(
        `SELECT columns FROM accepted_schemas WHERE name = $1 AND query_digest = ${DIGEST}`,
        [name, query],
      );
      return rows[0]?.columns;
    },

    async acceptSchema(name, query, columns) {
      await pool.query(
        `WITH lifecycle AS (INSERT INTO lifecycles (name) VALUES ($1) ON CONFLICT DO NOTHING)
         INSERT INTO accepted_schemas (name, query_digest, columns) VALUES ($1, ${DIGEST}, $3)
         ON CONFLICT DO NOTHING`,
        [name, query, JSON.stringify(columns)],
      );
    },
  };
}

/** Of $2: a query may be longer than what an index takes. */
const DIGEST = `encode(sha256(convert_to($2, 'UTF8')), 'hex')`;

const SELECT = `SELECT digest, key, rows, bytes, columns, sources, query, created_at AS "createdAt" FROM datasets`;

type StoredDataset = Omit<DatasetRow, 'createdAt'> & { createdAt: Date };

function toDataset(row: StoredDataset): DatasetRow {
  return { ...row, createdAt: iso(row.createdAt) };
}
