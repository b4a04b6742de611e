import type pg from 'pg';
import { appendAudit } from './audit.ts';
import { changeRoute } from './routeChange.ts';
import { ROUTE_COLUMNS, toRoute, type StoredRoute } from './routeRows.ts';
import { iso, present } from './rows.ts';
import type { RouteHistoryRow, RouteStore } from './routeTypes.ts';
import { transaction } from './transaction.ts';

export function routeTable(pool: pg.Pool, watch: RouteStore['watch']): RouteStore {
  return {
    async get(name) {
      const { rows } = await pool.query<StoredRoute>(`SELECT ${ROUTE_COLUMNS} FROM routes WHERE name = $1`, [
        name,
      ]);
      return rows[0] && toRoute(rows[0]);
    },

    async list() {
      const { rows } = await pool.query<StoredRoute>(`SELECT ${ROUTE_COLUMNS} FROM routes ORDER BY name`);
      return rows.map(toRoute);
    },

    change: (change) =>
      transaction(pool, async (client) => {
        const { route, event } = await changeRoute(client, change);
        if (event) await appendAudit(client, [event]);
        return route;
      }),

    async history(name, limit = 100) {
      const { rows } = await pool.query<StoredHistory>(
        `${HISTORY} WHERE name = $1 ORDER BY revision DESC LIMIT $2`,
        [name, limit],
      );
      return rows.map(toHistory);
    },

    async at(name, time) {
      const { rows } = await pool.query<StoredHistory>(
        // Of several changes within one millisecond the last one held.
        `${HISTORY} WHERE name = $1 AND at <= $2 ORDER BY at DESC, revision DESC LIMIT 1`,
        [name, time],
      );
      return rows[0] && toHistory(rows[0]);
    },

    watch,
  };
}

const HISTORY = `SELECT ${ROUTE_COLUMNS}, at, actor, reason FROM route_history`;

type StoredHistory = StoredRoute & { at: Date; actor: string; reason: string };

function toHistory(row: StoredHistory): RouteHistoryRow {
  return present<RouteHistoryRow>({ ...row, at: iso(row.at) });
}
