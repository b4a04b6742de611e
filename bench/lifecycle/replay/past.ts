import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveTarget, targetReader, type Target } from '../../../activities/target.ts';
import type { Definition } from '../../../config/definition.ts';
import type { RawBatch } from '../../../config/raw.ts';
import { fitEncoders } from '../../../learning/encoders/fit.ts';
import type { FittedEncoders } from '../../../learning/encoders/fitted.ts';
import { materializeDataset } from '../../../sources/dataset.ts';
import { resolveSources } from '../../../sources/resolve.ts';
import { splitPlan, type Side } from '../../../sources/split.ts';
import { openTable, type Table } from '../../../sources/table.ts';
import { firstCsv } from '../firstCsv.ts';
import type { PastSet } from '../sets.ts';

/** A set as every training of its replay finds it: sides, drawing order, target and encoders are those of the product. */
export interface Past {
  set: PastSet;
  target: Target;
  encoders: FittedEncoders;
  /** Rows in the order of time; the columns, the target left out. */
  raw: RawBatch;
  /** [rows] epoch ms. */
  at: Float64Array;
  /** [rows] class indices, or values. */
  y: Float64Array;
  /** Rows of each side in drawing order: a subset keeps it, for a row's place is decided by its key alone. */
  drawn: Record<Side, Int32Array>;
  /** Rows of the first fifth, which are known from the beginning. */
  first: number;
}

/** The whole set is split and profiled once: the side of a row and its place depend on nothing but its key. */
export async function readPast(set: PastSet, definition: Definition): Promise<Past> {
  refuseFitted(definition);
  const home = mkdtempSync(join(tmpdir(), 'perennial-replay-'));
  try {
    const scratch = join(home, 'scratch');
    mkdirSync(scratch);
    writeFileSync(join(home, 'first.csv'), firstCsv(set, set.rows.length));
    const path = join(home, 'dataset.parquet');
    const sources = await resolveSources(definition.sources, { baseDirectory: home, scratch });
    await materializeDataset({ sources, query: definition.dataset, scratch, path });
    const table = await openTable(path, { scratch, split: splitPlan(definition) });
    try {
      return await read(table, set, definition);
    } finally {
      await table.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function read(table: Table, set: PastSet, definition: Definition): Promise<Past> {
  const profile = await table.profile({ side: 'train' });
  const targetProfile = profile.find(({ name }) => name === set.target);
  if (!targetProfile) throw new Error(`The set has no ${set.target}.`);
  const target = resolveTarget(targetProfile, definition);
  const placeOf = new Map(set.rows.map(({ key }, row) => [key, row]));
  const rows = set.rows.length;
  const raw: RawBatch = {
    rows,
    columns: Object.fromEntries(set.columns.map((name) => [name, new Float64Array(rows)])),
  };
  const y = new Float64Array(rows);
  const toTarget = targetReader(set.target, target.classes);
  const drawn = async (side: Side): Promise<Int32Array> => {
    const order: number[] = [];
    for await (const batch of table.read({ columns: ['key', ...set.columns, set.target], side })) {
      const truths = toTarget(batch);
      for (let i = 0; i < batch.rows; i++) {
        const row = placeOf.get(String(batch.columns.key[i]));
        if (row === undefined) throw new Error(`The key ${batch.columns.key[i]} is none of the set.`);
        for (const name of set.columns) raw.columns[name][row] = batch.columns[name][i];
        y[row] = truths[i];
        order.push(row);
      }
    }
    return Int32Array.from(order);
  };
  return {
    ...{ set, target, raw, y, first: Math.floor(rows / 5) },
    encoders: fitEncoders(definition.features, profile, definition),
    at: Float64Array.from(set.rows, ({ at }) => at),
    drawn: { train: await drawn('train'), test: await drawn('test') },
  };
}

/** Encoders that learn from their rows would have to be fitted for every training anew. */
function refuseFitted({ features }: Definition): void {
  if (features !== 'auto' && features.every(({ kind }) => kind === 'passthrough')) return;
  throw new Error('A replay needs features that are all `passthrough`.');
}
