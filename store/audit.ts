import type pg from 'pg';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../config/definition.ts';
import { iso, storable } from './rows.ts';
import { transaction } from './transaction.ts';
import type { AuditEvent, AuditRow, AuditVerdict, Store } from './types.ts';

export function auditTable(pool: pg.Pool): Store['audit'] {
  return {
    async list(subject, limit = 100) {
      const { rows } = await pool.query<StoredAuditRow>(
        `SELECT id, at, actor, action, subject, details, previous, hash
         FROM audit
         WHERE $1::text IS NULL OR subject = $1
         ORDER BY id DESC
         LIMIT $2`,
        [subject ?? null, limit],
      );
      return rows.map(toAuditRow);
    },

    verify: (anchor) =>
      // One snapshot, so that the rows and the head belong together.
      transaction(pool, (client) => verifyChain(client, anchor), {
        begin: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
      }),
  };
}

/**
 * Adds to the chain, in the transaction of the change that it tells of. It is the last thing that a transaction does:
 * from here to the commit it holds the chain's head, and whoever waits for that must wait for nothing else.
 */
export async function appendAudit(client: pg.ClientBase, events: AuditEvent[]): Promise<void> {
  const { rows } = await client.query<{ id: number; at: Date; hash: string }>(
    `SELECT id, greatest(at, date_trunc('milliseconds', clock_timestamp())) AS at, hash FROM audit_head FOR UPDATE`,
  );
  const head = rows[0];
  let { id, hash } = head;
  for (const event of events) {
    const row = {
      id: id + 1,
      at: iso(head.at),
      actor: storable(event.actor),
      action: event.action,
      subject: storable(event.subject),
      details: event.details,
      previous: hash,
    };
    ({ id } = row);
    hash = auditHash(row);
    await client.query(
      `INSERT INTO audit (id, at, actor, action, subject, details, previous, hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [row.id, row.at, row.actor, row.action, row.subject, canonicalJson(row.details), row.previous, hash],
    );
  }
  await client.query(`UPDATE audit_head SET id = $1, at = $2, hash = $3`, [id, iso(head.at), hash]);
}

/** SHA-256 of the canonical JSON (RFC 8785) of a row without its own hash: anybody can compute it again. */
export function auditHash({
  id,
  at,
  actor,
  action,
  subject,
  details,
  previous,
}: Omit<AuditRow, 'hash'>): string {
  return createHash('sha256')
    .update(canonicalJson({ id, at, actor, action, subject, details, previous }))
    .digest('hex');
}

const FIRST = '0'.repeat(64);
const ROWS_PER_READ = 1_000;

async function verifyChain(
  client: pg.ClientBase,
  anchor?: { id: number; hash: string },
): Promise<AuditVerdict> {
  const head = (await client.query<{ id: number; hash: string }>(`SELECT id, hash FROM audit_head`)).rows[0];
  let last = { id: 0, hash: FIRST };
  for (;;) {
    const { rows } = await client.query<StoredAuditRow>(
      `SELECT id, at, actor, action, subject, details, previous, hash FROM audit WHERE id > $1 ORDER BY id LIMIT $2`,
      [last.id, ROWS_PER_READ],
    );
    for (const stored of rows) {
      const row = toAuditRow(stored);
      const expectedId = last.id + 1;
      if (row.id !== expectedId) return broken(expectedId, `Row ${expectedId} is missing.`);
      if (row.previous !== last.hash) return broken(row.id, `Row ${row.id} does not follow row ${last.id}.`);
      if (row.hash !== auditHash(row)) return broken(row.id, `Row ${row.id} is not what was written.`);
      if (row.id === anchor?.id && row.hash !== anchor.hash)
        return broken(row.id, `Row ${row.id} is not the one that was noted.`);
      last = { id: row.id, hash: row.hash };
    }
    if (rows.length < ROWS_PER_READ) break;
  }
  if (head?.id !== last.id)
    return broken(last.id + 1, `The chain has ${last.id} rows; its head says ${head?.id}.`);
  if (head.hash !== last.hash)
    return broken(last.id, `The chain's head has another hash than row ${last.id}.`);
  if (anchor && anchor.id > last.id)
    return broken(
      last.id + 1,
      `The chain ends at row ${last.id}, before the row ${anchor.id} that was noted.`,
    );
  return { intact: true, head: last };
}

function broken(at: number, reason: string): AuditVerdict {
  return { intact: false, at, reason };
}

type StoredAuditRow = Omit<AuditRow, 'at'> & { at: Date };

function toAuditRow(row: StoredAuditRow): AuditRow {
  return { ...row, at: iso(row.at) };
}
