import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { storedId } from './ids.ts';
import { iso, present, storable } from './rows.ts';
import { transaction } from './transaction.ts';
import type { LabelInput, LabelResult, LabelRow, LabelStore } from './predictionTypes.ts';

export function labelTable(pool: pg.Pool): LabelStore {
  return {
    put: (name, labels) => transaction(pool, (client) => put(client, name, labels)),

    async history(name, subject) {
      const [condition, values] =
        'key' in subject
          ? ['key = $2', [subject.key]]
          : ['request_id = $2 AND row_index = $3', [subject.requestId, subject.row ?? 0]];
      const { rows } = await pool.query<StoredLabel>(
        `SELECT request_id AS "requestId", row_index AS row, key, value, observed_at AS "observedAt",
                received_at AS "receivedAt", revision
         FROM labels WHERE name = $1 AND ${condition} ORDER BY revision DESC`,
        [name, ...values.map((value) => (typeof value === 'string' ? storedId(value) : value))],
      );
      return rows.map(toLabel);
    },

    async forgetBefore(time, signal) {
      const { rows: models } = await pool.query<{ name: string }>(
        `SELECT name FROM lifecycles ORDER BY name`,
      );
      let all = 0;
      for (const { name } of models) {
        for (let gone = FORGOTTEN_AT_ONCE; gone === FORGOTTEN_AT_ONCE && !signal?.aborted; all += gone) {
          // In pieces: what had gathered over years would be one statement of minutes.
          const { rows } = await pool.query<{ gone: number }>(
            `SELECT forget_labels($1, $2, ${FORGOTTEN_AT_ONCE})::integer AS gone`,
            [name, time],
          );
          gone = rows[0].gone;
        }
      }
      return all;
    },
  };
}

const FORGOTTEN_AT_ONCE = 20_000;

/** As they are kept; two texts of a subject are the same where the label is of the same. */
interface Subject {
  requestId: string | null;
  row: number | null;
  key: string | null;
}

interface Stored extends Subject {
  /** JSON. */
  value: string;
  observedAt?: string;
}

async function put(client: pg.PoolClient, name: string, labels: readonly LabelInput[]): Promise<LabelResult> {
  const given = distinct(labels.map(toStored));
  // One after the other within a model: each sees what the one before has written, and none waits in a circle.
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtextextended('labels of ' || current_schema() || '/' || $1::text, 0))`,
    [name],
  );
  const { rowCount } = await client.query(`SELECT FROM lifecycles WHERE name = $1`, [name]);
  if (rowCount === 0) {
    throw new PerennialError('NOT_FOUND', `There is no model ${name}.`, {
      field: 'name',
      value: name,
      expected: 'the name of a lifecycle',
    });
  }
  const { rows } = await client.query<{ accepted: number; written: number }>(PUT, [
    name,
    given.map((label) => label.requestId),
    given.map((label) => label.row),
    given.map((label) => label.key),
    given.map((label) => label.value),
    given.map((label) => label.observedAt ?? null),
  ]);
  const { accepted, written } = rows[0];
  return { accepted, unchanged: labels.length - written, corrected: written - accepted };
}

/** A value that is the current one is not written again, whenever it was observed. */
const PUT = `
  WITH written AS (
    INSERT INTO labels (name, request_id, row_index, key, value, observed_at, revision)
    SELECT $1, given.request_id, given.row_index, given.key, given.value,
           coalesce(given.observed_at, clock_timestamp()), coalesce(current.revision, 0) + 1
    FROM unnest($2::text[], $3::integer[], $4::text[], $5::json[], $6::timestamptz[])
      AS given (request_id, row_index, key, value, observed_at)
    LEFT JOIN LATERAL (
      (SELECT value, revision FROM labels
       WHERE name = $1 AND key = given.key ORDER BY revision DESC LIMIT 1)
      UNION ALL
      (SELECT value, revision FROM labels
       WHERE name = $1 AND request_id = given.request_id AND row_index = given.row_index
       ORDER BY revision DESC LIMIT 1)
    ) AS current ON true
    WHERE current.value::text IS DISTINCT FROM given.value::text
    RETURNING revision
  )
  SELECT count(*) AS written, count(*) FILTER (WHERE revision = 1) AS accepted FROM written`;

function toStored({ requestId, row = 0, key, value, observedAt }: LabelInput, index: number): Stored {
  if ((requestId === undefined) === (key === undefined)) {
    throw new PerennialError('INVALID_INPUT', `A label is of a request or of a key: one of the two.`, {
      field: `labels[${index}]`,
      value: { requestId, key },
      expected: 'either requestId or key',
    });
  }
  return {
    requestId: requestId === undefined ? null : storedId(requestId),
    row: requestId === undefined ? null : row,
    key: key === undefined ? null : storedId(key),
    value: JSON.stringify(typeof value === 'string' ? storable(value) : value),
    observedAt,
  };
}

/** One label of each subject. @throws PerennialError INVALID_INPUT where two contradict each other */
function distinct(labels: readonly Stored[]): Stored[] {
  const bySubject = new Map<string, Stored>();
  labels.forEach((label, index) => {
    const subject = label.key === null ? `r${label.row}/${label.requestId}` : `k${label.key}`;
    const first = bySubject.get(subject);
    if (first === undefined) bySubject.set(subject, label);
    else if (first.value !== label.value) {
      throw new PerennialError(
        'INVALID_INPUT',
        `labels[${index}] contradicts another label of the same call: ${first.value}.`,
        {
          field: `labels[${index}].value`,
          value: label.value,
          expected: 'one value for each request or key',
        },
      );
    }
  });
  return [...bySubject.values()];
}

type StoredLabel = Omit<LabelRow, 'observedAt' | 'receivedAt'> & { observedAt: Date; receivedAt: Date };

function toLabel(row: StoredLabel): LabelRow {
  return {
    ...present<StoredLabel>(row),
    observedAt: iso(row.observedAt),
    receivedAt: iso(row.receivedAt),
  };
}
