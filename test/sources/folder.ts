import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { DefinitionInput } from '../../config/definition.ts';
import { sourceSchema } from '../../config/definition.ts';
import { describeDataset, materializeDataset, type Snapshot } from '../../sources/dataset.ts';
import { openEngine } from '../../sources/engine.ts';
import { resolveSources } from '../../sources/resolve.ts';
import { openTable, type Table, type TableOptions } from '../../sources/table.ts';
import type { ResolvedSource, ResolveOptions } from '../../sources/types.ts';

export const FLIGHTS = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);
export const AIRPORTS = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/airports.csv', import.meta.url),
);

/** A folder for one test file, removed after it, and what the tests do in it. */
export function testFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-sources-'));
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const tables: Table[] = [];
  let n = 0;
  afterAll(async () => {
    for (const table of tables) await table.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string | Uint8Array): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const resolve = (
    sources: DefinitionInput['sources'],
    options: Partial<ResolveOptions> = {},
  ): Promise<ResolvedSource[]> =>
    resolveSources(
      Object.fromEntries(Object.entries(sources).map(([name, spec]) => [name, sourceSchema.parse(spec)])),
      { baseDirectory: folder, scratch, ...options },
    );
  const snapshot = async (
    sources: DefinitionInput['sources'],
    query: string,
  ): Promise<Snapshot & { path: string }> => {
    const path = join(folder, `snapshot-${n++}.parquet`);
    return { path, ...(await materializeDataset({ sources: await resolve(sources), query, scratch, path })) };
  };
  const describe = async (sources: DefinitionInput['sources'], query: string) =>
    describeDataset({ sources: await resolve(sources), query, scratch });
  const open = async (path: string, options: Partial<TableOptions> = {}): Promise<Table> => {
    const table = await openTable(path, { scratch, ...options });
    tables.push(table);
    return table;
  };
  /** A table of the rows that SQL without sources gives. */
  const tableOf = async (query: string, options: Partial<TableOptions> = {}): Promise<Table> =>
    open((await snapshot({}, query)).path, options);
  /** Rows of a file as the engine reads them. */
  const rowsOf = async (relation: string): Promise<Record<string, unknown>[]> => {
    const engine = await openEngine({ scratch });
    try {
      return await engine.run(`FROM ${relation}`);
    } finally {
      await engine.close();
    }
  };
  return { folder, scratch, write, resolve, snapshot, describe, open, tableOf, rowsOf };
}

/** The rows of a table as plain objects. */
export async function collect(
  table: Table,
  what: Parameters<Table['read']>[0],
): Promise<Record<string, number | string>[]> {
  const rows: Record<string, number | string>[] = [];
  for await (const batch of table.read(what)) {
    for (let i = 0; i < batch.rows; i++) {
      rows.push(Object.fromEntries(Object.entries(batch.columns).map(([name, values]) => [name, values[i]])));
    }
  }
  return rows;
}
