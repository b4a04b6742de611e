import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { join } from 'node:path';
import type { Definition } from '../../config/definition.ts';
import { PerennialError } from '../../config/errors.ts';
import { labelDays, PREDICTION_DAYS } from '../../config/retention.ts';
import type { RawBatch } from '../../config/raw.ts';
import type { Column } from '../../decisions/profile.ts';
import { materializeDataset } from '../../sources/dataset.ts';
import { quoteName } from '../../sources/quote.ts';
import { resolveSources } from '../../sources/resolve.ts';
import { openTable } from '../../sources/table.ts';
import type { LabelInput, LabelResult } from '../../store/predictionTypes.ts';
import type { TrainerDependencies } from '../dependencies.ts';

interface PollLabels {
  name: string;
  definitionHash: string;
  baseDirectory: string;
}

interface PolledLabels extends LabelResult {
  /** Keys with a value that the source has; 0 where it is the same as at the last time. */
  rows: number;
}

/** Labels that are put in one transaction. */
const BATCH_ROWS = 10_000;

export function labelActivities({ store, files, memoryLimitBytes }: TrainerDependencies) {
  /** By model: what the source held when this process last put all of it. */
  const seen = new Map<string, string>();

  return {
    /**
     * Puts the true values of the definition's `labels` source. Of a key the value that was observed last counts, so however
     * often it is asked, a label is corrected only where the source is. Where the source has not changed nothing is read.
     */
    async pollLabels({ name, definitionHash, baseDirectory }: PollLabels): Promise<PolledLabels> {
      const { labels } = await store.definitions.get(definitionHash);
      const counts = { rows: 0, accepted: 0, unchanged: 0, corrected: 0 };
      if (!labels) return counts;
      const signal = cancellationSignal();
      return files.scratch('labels', async (scratch) => {
        const options = { scratch, memoryLimitBytes, signal };
        const sources = await resolveSources(
          { labels: labels.source },
          { ...options, baseDirectory, onProgress: () => heartbeat() },
        );
        const state = `${definitionHash} ${sources[0].digest}`;
        if (seen.get(name) === state) return counts;
        const path = join(scratch, 'labels.parquet');
        const query = queryOf(labels);
        const { columns } = await materializeDataset({ ...options, sources, query, path });
        const table = await openTable(path, options);
        try {
          const what = { columns: columns.map((column) => column.name), batchRows: BATCH_ROWS };
          for await (const batch of table.read(what, { signal })) {
            signal.throwIfAborted();
            const inputs = labelsIn(batch, columns).filter(isKept);
            const { accepted, unchanged, corrected } = await store.labels.put(name, inputs);
            counts.rows += inputs.length;
            counts.accepted += accepted;
            counts.unchanged += unchanged;
            counts.corrected += corrected;
            heartbeat();
          }
        } finally {
          await table.close();
        }
        seen.set(name, state);
        return counts;
      });
    },
  };
}

/** What is older than labels are kept would come back as told now, and so as evidence of a rollout under way. */
function isKept({ observedAt }: LabelInput): boolean {
  return (
    observedAt === undefined || Date.parse(observedAt) > Date.now() - labelDays(PREDICTION_DAYS) * DAY_MS
  );
}

const DAY_MS = 86_400_000;

/** One row a key: labels.put() takes two values of one key for a correction, each time anew. */
function queryOf({ key, value, observedAt }: NonNullable<Definition['labels']>): string {
  const [k, v] = [quoteName(key), quoteName(value)];
  const last = observedAt === undefined ? `max(${v})` : `arg_max(${v}, ${quoteName(observedAt)})`;
  const at = observedAt === undefined ? '' : `, max(${quoteName(observedAt)}) AS observed_at`;
  const known = observedAt === undefined ? '' : `AND ${quoteName(observedAt)} IS NOT NULL`;
  return `SELECT CAST(${k} AS VARCHAR) AS "key", ${last} AS "value"${at} FROM labels
          WHERE ${k} IS NOT NULL AND ${v} IS NOT NULL ${known} GROUP BY 1 ORDER BY 1`;
}

function labelsIn({ rows, columns }: RawBatch, types: readonly Column[]): LabelInput[] {
  const valueType = typeOf(types, 'value');
  if (valueType !== 'number' && valueType !== 'boolean' && valueType !== 'string')
    throw refusal('labels.value', valueType, 'a column of numbers, text, or true and false');
  const times = 'observed_at' in columns ? columns.observed_at : undefined;
  if (times && typeOf(types, 'observed_at') !== 'timestamp')
    throw refusal('labels.observedAt', typeOf(types, 'observed_at'), 'a column of times');
  return Array.from({ length: rows }, (_, i) => i).flatMap((i): LabelInput[] => {
    const raw = columns.value[i];
    const key = String(columns.key[i]);
    const time = Number(times?.[i]);
    if (key === '' || raw === '' || (typeof raw === 'number' && !Number.isFinite(raw))) return [];
    return [
      {
        key,
        value: valueType === 'boolean' ? raw === 1 : raw,
        ...(Number.isFinite(time) ? { observedAt: new Date(time).toISOString() } : {}),
      },
    ];
  });
}

function typeOf(types: readonly Column[], name: string): string {
  return types.find((column) => column.name === name)?.type ?? 'missing';
}

function refusal(field: string, value: string, expected: string): PerennialError {
  return new PerennialError('INVALID_DEFINITION', `${field} is ${value}; expected ${expected}.`, {
    field,
    value,
    expected,
  });
}
