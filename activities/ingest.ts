import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import type { Definition } from '../config/definition.ts';
import { parseTime } from '../config/time.ts';
import { checkFeatureTypes } from '../learning/encoders/check.ts';
import { checkColumns } from '../sources/unknown.ts';
import { bindExpressions } from '../sources/bindExpressions.ts';
import { datasetKey, describeDataset, materializeDataset, sourcesDigest } from '../sources/dataset.ts';
import { resolveSources } from '../sources/resolve.ts';
import { describeRetraining, type Retraining } from '../sources/retraining.ts';
import { openTable } from '../sources/table.ts';
import type { DatasetRow } from '../store/types.ts';
import type { Column } from '../decisions/profile.ts';
import type { IngestResult, StageInput } from '../workflows/messages.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { writeLoggedRows, type LoggedFile } from './loggedRows.ts';
import { asRefusal } from './refusal.ts';

export function ingestActivities({ store, files, memoryLimitBytes }: TrainerDependencies) {
  return {
    /**
     * Reads every source, runs the dataset's SQL and keeps the snapshot. The same bytes and query give the same
     * snapshot, also when a worker died half-way: nothing is visible before the last chunk is in. With `asOf`, of the rows
     * those that the definition's `retrain` looks at.
     */
    async ingest(input: StageInput): Promise<IngestResult> {
      const { name, run, baseDirectory } = input;
      const signal = cancellationSignal();
      const definition = await store.definitions.get(input.definitionHash);
      return files.scratch('ingest', async (scratch) => {
        const sources = await resolveSources(definition.sources, {
          baseDirectory,
          scratch,
          signal,
          memoryLimitBytes,
          onProgress: ({ source, bytes }) => heartbeat({ source, bytes }),
        });
        const query = {
          sources,
          query: definition.dataset,
          scratch,
          memoryLimitBytes,
          signal,
          onProgress: () => heartbeat(),
        };
        // Every name in the definition is checked on the query's columns before anything is computed.
        const columns = await describeDataset(query);
        refuseUnfit(definition, columns);
        await bindExpressions(definition.checks, columns, { scratch });

        const { retraining, file } = await retrainingOf(input, definition, columns, scratch, signal);
        const key = datasetKey(sources, definition.dataset, retraining);
        const read = { sourcesDigest: sourcesDigest(sources) };
        const kept = await store.datasets.findByKey(key);
        if (kept) {
          await store.runs.update(name, run, { ...read, datasetDigest: kept.digest });
          return toResult(kept, true);
        }
        const path = join(scratch, 'dataset.parquet');
        const written = await materializeDataset({ ...query, retraining, path });
        if (written.rows === 0) throw noRows(retraining);
        const artifact = await store.artifacts.putFile(path, 'dataset', 'application/vnd.apache.parquet', {
          signal,
          owner: { name, run, role: 'dataset' },
        });
        const table = await openTable(path, { scratch, memoryLimitBytes });
        try {
          const row: Omit<DatasetRow, 'createdAt'> = {
            digest: artifact.digest,
            key,
            rows: written.rows,
            bytes: artifact.bytes,
            columns: await table.profile({}, { signal }),
            sources: [
              ...sources.map(({ name: source, kind, digest, bytes }) => ({
                name: source,
                kind,
                digest,
                bytes,
              })),
              ...(file ? [{ name: LOG, kind: 'predictions', digest: file.digest, bytes: file.bytes }] : []),
            ],
            query: retraining ? describeRetraining(definition.dataset, retraining) : definition.dataset,
          };
          await store.datasets.record(row);
          await store.runs.update(name, run, { ...read, datasetDigest: row.digest });
          const logged = file && { rows: written.logged ?? 0, unfit: file.unfit };
          return { ...toResult(row, false), ...(logged ? { logged } : {}) };
        } finally {
          await table.close();
        }
      });
    },
  };

  /** What of the dataset a retraining looks at; nothing of the kind in any other training. */
  async function retrainingOf(
    { name, asOf }: StageInput,
    { retrain, time, key = [], target }: Definition,
    columns: Column[],
    scratch: string,
    signal: AbortSignal,
  ): Promise<{ retraining?: Retraining; file?: LoggedFile }> {
    if (asOf === undefined || !retrain) return {};
    const retraining: Retraining = { asOf: isoOf(asOf), time, window: retrain.window };
    if (retrain.data === 'source') return { retraining };
    const champion = await store.registry.get(name);
    const file = await writeLoggedRows(
      join(scratch, 'logged.parquet'),
      store.predictions.labelled({ name, until: retraining.asOf }, { signal }),
      { columns, definition: { target, time, key }, signature: champion?.signature },
      { scratch, memoryLimitBytes, signal },
    );
    return { retraining: { ...retraining, logged: { path: file.path, digest: file.digest, key } }, file };
  }
}

/** Among the sources of a dataset; no source of a definition can be called so. */
const LOG = 'prediction log';

/** @throws PerennialError INVALID_INPUT */
function isoOf(asOf: string): string {
  const time = parseTime(asOf);
  if (time !== undefined) return new Date(time).toISOString();
  throw new PerennialError('INVALID_INPUT', `asOf is ${JSON.stringify(asOf)}; expected an ISO 8601 time.`, {
    field: 'asOf',
    value: asOf,
    expected: 'an ISO 8601 time',
  });
}

function noRows(retraining: Retraining | undefined): PerennialError {
  const { asOf, time } = retraining ?? {};
  const until = asOf === undefined || time === undefined ? '' : ` in its window until ${asOf}, by ${time}`;
  return new PerennialError('DATASET_UNUSABLE', `The dataset has 0 rows${until}.`, {
    field: 'dataset',
    value: '0 rows',
    expected: until ? 'rows whose time is known and in the window' : 'a query that yields rows',
  });
}

function refuseUnfit(definition: Definition, columns: Column[]): void {
  checkColumns(definition, columns);
  const { features } = definition;
  if (features !== 'auto') asRefusal(() => checkFeatureTypes(features, columns));
}

function toResult(row: Omit<DatasetRow, 'createdAt'>, existing: boolean): IngestResult {
  return {
    datasetDigest: row.digest,
    rows: row.rows,
    columns: row.columns.length,
    bytes: row.bytes,
    existing,
  };
}
