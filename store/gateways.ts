import type pg from 'pg';
import { iso, storable } from './rows.ts';
import type { GatewayRow, GatewayStore } from './routeTypes.ts';

export function gatewayTable(pool: pg.Pool): GatewayStore {
  return {
    async renew(state) {
      await pool.query(RENEW, [
        state.id,
        state.url,
        state.pid,
        state.startedAt,
        JSON.stringify(state.revisions),
        JSON.stringify(state.loaded),
        JSON.stringify(state.failed.map(({ model, reason }) => ({ model, reason: storable(reason) }))),
        state.dropped,
      ]);
    },

    async list() {
      const { rows } = await pool.query<StoredGateway>(LIST);
      return rows.map((row) => ({ ...row, startedAt: iso(row.startedAt) }));
    },

    async remove(id) {
      await pool.query(`UPDATE gateways SET left_at = clock_timestamp() WHERE id = $1 AND left_at IS NULL`, [
        id,
      ]);
    },
  };
}

// One that was thought gone is back by renewing.
const RENEW = `
  INSERT INTO gateways (id, url, pid, started_at, renewed_at, revisions, loaded, failed, dropped)
  VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $6, $7, $8)
  ON CONFLICT (id) DO UPDATE SET
    url = excluded.url, pid = excluded.pid, started_at = excluded.started_at, renewed_at = clock_timestamp(),
    left_at = NULL, revisions = excluded.revisions, loaded = excluded.loaded, failed = excluded.failed,
    dropped = excluded.dropped`;

const LIST = `
  SELECT id, url, pid, started_at AS "startedAt", revisions, loaded, failed, dropped,
         renewed_at > clock_timestamp() - interval '5 seconds' AS alive
  FROM gateways
  WHERE left_at IS NULL AND renewed_at > clock_timestamp() - interval '1 day'
  ORDER BY started_at DESC, id`;

type StoredGateway = Omit<GatewayRow, 'startedAt'> & { startedAt: Date };
