import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { problemOf, type FeatureFacts } from '../../activities/features.ts';
import { foldColumn, foldsOf, keepFoldColumn } from '../../activities/folds.ts';
import { readMatrix, type Matrix } from '../../activities/matrix.ts';
import { resolveTarget } from '../../activities/target.ts';
import type { ComputePool } from '../../compute/pool.ts';
import { withSession } from '../../compute/session.ts';
import type { Definition } from '../../config/definition.ts';
import { kindsOf } from '../../learning/encoders/describe.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import { assembleEncoders } from '../../learning/onnx/assemble.ts';

import { withoutFold, type Fold } from '../../learning/split.ts';
import type { Problem } from '../../learning/types.ts';
import { materializeDataset } from '../../sources/dataset.ts';
import { resolveSources } from '../../sources/resolve.ts';
import { splitPlan } from '../../sources/split.ts';
import { openTable, type Table } from '../../sources/table.ts';

/** What a training's search would see of a set under a seed. */
export interface Encoded {
  facts: FeatureFacts;
  problem: Problem;
  folds: Required<Fold>[];
  /**
   * SHA-256 of the features' names, the target and the folds, the first 16 digits: peers that saw the same saw the same
   * rows. Not of the matrix, whose last bits may differ on another processor.
   */
  digest: string;
}

/** Runs the definition's query over its sources, as ingesting does. @returns the path of the snapshot */
export async function materialize(definition: Definition, scratch: string): Promise<string> {
  const sources = await resolveSources(definition.sources, { baseDirectory: scratch, scratch });
  const path = join(scratch, `${definition.name}.parquet`);
  await materializeDataset({ sources, query: definition.dataset, scratch, path });
  return path;
}

/**
 * Hold-out, sample, encoders and folds by the seed, with the functions that featurising and training call. The name
 * has the seed in it, since the hold-out goes by the name.
 */
export async function encodeSeed(
  definition: Definition,
  seed: number,
  { path, scratch, pool }: { path: string; scratch: string; pool: ComputePool },
): Promise<Encoded> {
  const seeded = { ...definition, seed };
  return withTable(seeded, path, scratch, async (table) => {
    const facts = await factsOf(table, seeded);
    const fold = foldColumn(seeded);
    const limit = seeded.sample.search === 'all' ? undefined : seeded.sample.search;
    const { x, y, rows, beside } = await readSide(table, seeded, facts, {
      ...{ side: 'train', limit },
      beside: fold === undefined ? [] : [fold],
    });
    const whole = { ...facts, rows };
    const features = {
      ...{ facts: whole, x, y },
      binned: await pool.bin(x, rows, facts.columns, undefined, kindsOf(facts.encoders)),
      ...keepFoldColumn(seeded.select, fold === undefined ? undefined : beside[fold]),
    };
    const problem = problemOf(features);
    const folds = foldsOf(features, seeded).map(({ test, train = withoutFold(problem.train, test) }) => ({
      test,
      train,
    }));
    const hash = createHash('sha256').update(JSON.stringify(facts.encoders.features)).update(y);
    for (const { train, test } of folds) hash.update(train).update(test);
    return { facts: whole, problem, folds, digest: hash.digest('hex').slice(0, 16) };
  });
}

/** Every row of both sides through a seed's encoders, with the raw columns. */
export async function encodeAll(
  definition: Definition,
  seed: number,
  facts: FeatureFacts,
  { path, scratch }: { path: string; scratch: string },
): Promise<Matrix[]> {
  const seeded = { ...definition, seed };
  return withTable(seeded, path, scratch, async (table) => [
    await readSide(table, seeded, facts, { side: 'train', keepRaw: true }),
    await readSide(table, seeded, facts, { side: 'test', keepRaw: true }),
  ]);
}

async function withTable<T>(
  definition: Definition,
  path: string,
  scratch: string,
  body: (table: Table) => Promise<T>,
): Promise<T> {
  const { name, seed } = definition;
  const split = splitPlan({ ...definition, name: `${name}-${seed}` });
  const table = await openTable(path, { scratch, split });
  try {
    return await body(table);
  } finally {
    await table.close();
  }
}

async function factsOf(table: Table, definition: Definition): Promise<FeatureFacts> {
  const profile = await table.profile({ side: 'train' });
  const { target, key, time, weight } = definition;
  const ofTarget = profile.find(({ name }) => name === target);
  if (!ofTarget) throw new Error(`The dataset has no column ${target}.`);
  const encoders = fitEncoders(definition.features, profile, { target, key, time, weight });
  return { ...resolveTarget(ofTarget, definition), encoders, columns: encoders.features.length, rows: 0 };
}

async function readSide(
  table: Table,
  { target }: Definition,
  facts: FeatureFacts,
  request: { side: 'train' | 'test'; limit?: number; keepRaw?: boolean; beside?: string[] },
): Promise<Matrix> {
  const signal = new AbortController().signal;
  return withSession(assembleEncoders(facts.encoders), (encoders) =>
    readMatrix(table, { ...request, facts, target, encoders, signal }),
  );
}
