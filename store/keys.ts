import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { appendAudit } from './audit.ts';
import { iso, present, storable } from './rows.ts';
import { ROLES, type ApiKeyRow, type ApiKeyStore, type Role } from './routeTypes.ts';
import { transaction } from './transaction.ts';

export function keyTable(pool: pg.Pool): ApiKeyStore {
  return {
    async create({ name, roles, actor }) {
      refuseRoles(roles);
      const id = randomId();
      const secret = `pk_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
      const row = await transaction(pool, async (client) => {
        const { rows } = await client.query<StoredKey>(
          `INSERT INTO api_keys (id, name, roles, secret_hash) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
          [id, storable(name), roles, hashSecret(secret)],
        );
        const details = { name: rows[0].name, roles: rows[0].roles };
        await appendAudit(client, [{ actor, action: 'key.create', subject: keySubject(id), details }]);
        return toKey(rows[0]);
      });
      return { ...row, secret };
    },

    async verify(secret) {
      const id = SECRET.exec(secret)?.[1];
      if (id === undefined) return undefined;
      const { rows } = await pool.query<StoredKey & { hash: Buffer }>(
        `SELECT ${COLUMNS}, secret_hash AS hash FROM api_keys WHERE id = $1 AND revoked_at IS NULL`,
        [id],
      );
      const found = rows.at(0);
      if (!found) return undefined;
      const { hash, ...row } = found;
      return timingSafeEqual(hash, hashSecret(secret)) ? toKey(row) : undefined;
    },

    async list() {
      const { rows } = await pool.query<StoredKey>(
        `SELECT ${COLUMNS} FROM api_keys ORDER BY created_at DESC, id`,
      );
      return rows.map(toKey);
    },

    revoke: (id, actor) =>
      transaction(pool, async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL RETURNING name`,
          [id],
        );
        if (rows.length === 0) return requireKey(client, id);
        const details = { name: rows[0].name };
        await appendAudit(client, [{ actor, action: 'key.revoke', subject: keySubject(id), details }]);
      }),
  };
}

/** 256 random bits need no slow hash: nobody can try that many. */
const SECRET_BYTES = 32;
/** The public part of the key, which finds its row; then the secret part in base64url. */
const SECRET = /^pk_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;
const ID_LENGTH = 12;

function randomId(): string {
  return Array.from({ length: ID_LENGTH }, () => randomInt(36).toString(36)).join('');
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function keySubject(id: string): string {
  return `key/${id}`;
}

function refuseRoles(roles: readonly Role[]): void {
  if (roles.length > 0 && roles.every((role) => ROLES.includes(role))) return;
  throw new PerennialError('INVALID_INPUT', `A key has one role or more of ${ROLES.join(', ')}.`, {
    field: 'roles',
    value: roles,
    expected: ROLES.join(', '),
  });
}

async function requireKey(client: pg.ClientBase, id: string): Promise<void> {
  const { rowCount } = await client.query(`SELECT FROM api_keys WHERE id = $1`, [id]);
  if (rowCount === 0)
    throw new PerennialError('NOT_FOUND', `There is no key ${id}.`, { field: 'id', value: id });
}

const COLUMNS = `id, name, roles, created_at AS "createdAt", revoked_at AS "revokedAt"`;

type StoredKey = Pick<ApiKeyRow, 'id' | 'name' | 'roles'> & { createdAt: Date; revokedAt: Date | null };

function toKey(row: StoredKey): ApiKeyRow {
  return present<ApiKeyRow>({
    ...row,
    createdAt: iso(row.createdAt),
    revokedAt: row.revokedAt && iso(row.revokedAt),
  });
}
