import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Definition } from '../config/definition.ts';
import { materializeDataset } from '../sources/dataset.ts';
import { resolveSources } from '../sources/resolve.ts';
import { openTable } from '../sources/table.ts';
import type { PastRow } from './replayPast.ts';

/** To run the query in, beside a trainer; more is spilled. */
const MEMORY_BYTES = 1_000_000_000;

/**
 * The rows of a definition's dataset as a past to be replayed, in the order of their time.
 *
 * @param scratch a folder that is made, and removed
 * @returns keys are text; numbers, texts and booleans as they are, missing is null
 */
export async function datasetRows(
  definition: Definition,
  { baseDirectory, scratch }: { baseDirectory: string; scratch: string },
): Promise<PastRow[]> {
  await mkdir(scratch, { recursive: true });
  try {
    const path = join(scratch, 'past.parquet');
    const sources = await resolveSources(definition.sources, { baseDirectory, scratch });
    await materializeDataset({
      sources,
      query: definition.dataset,
      scratch,
      path,
      memoryLimitBytes: MEMORY_BYTES,
    });
    const table = await openTable(path, { scratch, memoryLimitBytes: MEMORY_BYTES });
    try {
      const { key = [], time = '', target } = definition;
      const columns = table.columns();
      const types = new Map(columns.map(({ name, type }) => [name, type]));
      const rows: PastRow[] = [];
      for await (const batch of table.read({ columns: columns.map(({ name }) => name) })) {
        for (let i = 0; i < batch.rows; i++) {
          const value = (name: string) => valueOf(types.get(name), batch.columns[name]?.[i]);
          rows.push({
            key: String(value(key[0] ?? '')),
            at: Number(batch.columns[time]?.[i]),
            inputs: Object.fromEntries(columns.map(({ name }) => [name, value(name)])),
            truth: value(target) ?? '',
          });
        }
      }
      return rows.sort((a, b) => a.at - b.at);
    } finally {
      await table.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function valueOf(
  type: string | undefined,
  raw: number | string | undefined,
): string | number | boolean | null {
  if (raw === undefined || raw === '' || Number.isNaN(raw)) return null;
  return type === 'boolean' ? raw === 1 : raw;
}
