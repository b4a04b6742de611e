import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawBatch } from '../config/raw.ts';
import { splitPlan } from '../sources/split.ts';
import { openTable } from '../sources/table.ts';
import { requireTrained } from '../store/trained.ts';
import type { ModelVersionRow, Signature, Store } from '../store/types.ts';
import type { ReplayRow } from './replay.ts';

/** Rows in memory at a time. */
const BATCH = 4_096;
/** To put three million rows in order, beside a trainer; more is spilled. */
const MEMORY_BYTES = 700_000_000;

/**
 * The rows of a model's dataset that no training has seen, from the stored snapshot, in the order in which the
 * definition's seed draws them: each part of them is a fair sample of the whole.
 *
 * @param skip rows that an earlier replay has done
 */
export async function* holdOutRows(
  store: Store,
  model: ModelVersionRow,
  { home, skip }: { home: string; skip: number },
): AsyncGenerator<ReplayRow> {
  const { definitionHash, datasetDigest } = requireTrained(model, 'the hold-out is replayed');
  const definition = await store.definitions.get(definitionHash);
  const { signature } = model;
  const scratch = join(home, 'replay');
  await mkdir(scratch, { recursive: true });
  // Under its digest, and verified before it appears: a later start finds it.
  const path = join(scratch, `${datasetDigest}.parquet`);
  if (!existsSync(path)) await store.artifacts.getFile(datasetDigest, path);
  const table = await openTable(path, {
    scratch,
    split: splitPlan(definition),
    memoryLimitBytes: MEMORY_BYTES,
  });
  try {
    const key = definition.key?.[0] ?? '';
    const columns = [...signature.inputs.map((input) => input.name), key, signature.target];
    let at = 0;
    for await (const batch of table.read({
      columns: [...new Set(columns)],
      side: 'test',
      limit: 'all',
      batchRows: BATCH,
    })) {
      for (let i = 0; i < batch.rows; i++) if (at++ >= skip) yield rowOf(batch, i, key, signature);
    }
  } finally {
    await table.close();
  }
}

function rowOf(
  { columns }: RawBatch,
  i: number,
  key: string,
  { inputs, target, classes }: Signature,
): ReplayRow {
  const row: ReplayRow['row'] = {};
  for (const { name, columnType } of inputs) {
    const value = columns[name]?.[i];
    if (value === undefined || value === '' || Number.isNaN(value)) row[name] = null;
    else if (columnType === 'boolean') row[name] = value === 1;
    else if (columnType === 'timestamp') row[name] = new Date(value).toISOString();
    else row[name] = value;
  }
  const label = columns[target]?.[i] ?? '';
  const boolean = typeof classes?.[0] === 'boolean';
  return { key: String(columns[key]?.[i] ?? i), row, label: boolean ? label === 1 : label };
}
