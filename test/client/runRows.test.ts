import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Features } from '../../activities/features.ts';
import { foldsOf } from '../../activities/folds.ts';
import { foreignSignature } from '../../client/exportRun.ts';
import { foldName, SIDE, writeRunRows } from '../../client/runRows.ts';
import { csv, defineLifecycle, logistic, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { parseForeignSignature } from '../../config/foreignSignature.ts';
import { openTable } from '../../sources/table.ts';
import { splitPlan } from '../../sources/split.ts';
import { writeRows } from '../../sources/writeFile.ts';

/** An exported run has every row of its dataset, on its side, and in the folds that its candidates had. */

const ROWS = 300;
const FOLDS = 3;
const DAY = 86_400_000;
const scratch = mkdtempSync(join(tmpdir(), 'perennial-run-rows-'));
const at = (file: string): string => join(scratch, file);
const ids = Float64Array.from({ length: ROWS }, (_, i) => i);

const define = (select: LifecycleInput['select'] = {}): Definition =>
  defineLifecycle({
    ...{ name: 'x', sources: { f: csv('f.csv') }, target: 'late', key: ['id'], time: 'day', seed: 7 },
    ...{ search: [logistic()], select: { folds: FOLDS, ...select } },
  });

beforeAll(async () => {
  const columns = [
    { name: 'id', type: 'number' as const },
    { name: 'day', type: 'timestamp' as const },
    { name: 'city', type: 'string' as const },
    { name: 'late', type: 'boolean' as const },
  ];
  async function* batches() {
    const city = Array.from(ids, (id) => (id % 5 === 0 ? '' : `city ${id % 3}`));
    const late = ids.map((id) => Number((id * 7919) % 10 < 3));
    yield { rows: ROWS, columns: { id: ids, day: ids.map((id) => id * DAY), city, late } };
  }
  await writeRows(at('dataset.parquet'), columns, batches(), { scratch });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** As featurising leaves them, of the first `rows` training rows. */
async function featuresOf(definition: Definition, rows: number): Promise<Features & { ids: number[] }> {
  const table = await openTable(at('dataset.parquet'), { scratch, split: splitPlan(definition) });
  try {
    const read = { id: [] as number[], late: [] as number[], day: [] as number[] };
    for await (const { columns } of table.read({ columns: Object.keys(read), side: 'train', limit: rows }))
      for (const [name, values] of Object.entries(read)) values.push(...Array.from(columns[name], Number));
    const encoders = { inputs: [], blocks: [], features: [], dropped: [] };
    const facts = {
      task: 'binary' as const,
      classes: [false, true],
      positive: 1,
      rows,
      columns: 0,
      encoders,
    };
    const binned = { rows, columns: 0, bins: new Uint8Array(), edges: [] };
    const y = Float64Array.from(read.late);
    return {
      ...{ facts, x: new Float32Array(), y, binned, ids: read.id },
      ...(definition.select.cv?.kind === 'time' ? { times: Float64Array.from(read.day) } : {}),
    };
  } finally {
    await table.close();
  }
}

async function exported(definition: Definition, features: Features) {
  const path = at('rows.parquet');
  const counts = await writeRunRows(path, {
    ...{ snapshot: at('dataset.parquet'), definition, features, scratch },
  });
  const table = await openTable(path, { scratch });
  try {
    const names = table.columns().map(({ name }) => name);
    for await (const batch of table.read({ columns: names })) return { counts, names, ...batch };
  } finally {
    await table.close();
  }
  throw new Error('no rows were written');
}

test('every row once, training first and as it is drawn, missing as missing', async () => {
  const definition = define();
  const features = await featuresOf(definition, 100);
  const { counts, names, rows, columns } = await exported(definition, features);
  expect(names).toEqual(['id', 'day', 'city', 'late', SIDE, ...[0, 1, 2].map(foldName)]);
  expect(rows).toBe(ROWS);
  expect(counts).toEqual({ train: counts.train, test: ROWS - counts.train, search: 100 });
  expect([...columns.id.slice(0, 100)]).toEqual(features.ids);
  expect(Array.from(columns.id, Number).sort((a, b) => a - b)).toEqual([...ids]);
  const sides = [...Array<string>(counts.train).fill('train'), ...Array<string>(counts.test).fill('test')];
  expect(columns[SIDE]).toEqual(sides);
  columns.id.forEach((id, i) => {
    expect(columns.day[i]).toBe(Number(id) * DAY);
    expect(columns.city[i]).toBe(Number(id) % 5 === 0 ? '' : `city ${Number(id) % 3}`);
  });
});

test.each<[string, LifecycleInput['select']]>([
  ['stratified', {}],
  ['by time, which leaves rows out', { cv: { kind: 'time', gapMs: 10 * DAY } }],
])('the folds of its candidates: %s', async (_, select) => {
  const definition = define(select);
  const features = await featuresOf(definition, 120);
  const { columns } = await exported(definition, features);
  const folds = foldsOf(features, definition);
  expect(folds).toHaveLength(FOLDS);
  folds.forEach(({ test: tested, train }, k) => {
    const marks = columns[foldName(k)] as string[];
    const marked = (mark: string) => marks.flatMap((each, row) => (each === mark ? [row] : []));
    expect(marked('test')).toEqual([...tested]);
    const others = Array.from({ length: 120 }, (_, row) => row).filter((row) => !tested.includes(row));
    expect(marked('train')).toEqual(train ? [...train] : others);
    expect(marked('train').length).toBeGreaterThan(0);
  });
});

test('a column of the dataset under such a name is refused by name', async () => {
  const definition = define();
  const features = await featuresOf(definition, 100);
  async function* batches() {
    yield { rows: ROWS, columns: { id: ids, Perennial_Side: ids, late: ids } };
  }
  const number = (name: string) => ({ name, type: 'number' as const });
  await writeRows(at('taken.parquet'), ['id', 'Perennial_Side', 'late'].map(number), batches(), { scratch });
  await expect(
    writeRunRows(at('rows.parquet'), { snapshot: at('taken.parquet'), definition, features, scratch }),
  ).rejects.toMatchObject({ code: 'INVALID_INPUT', value: 'Perennial_Side' });
});

test('its signature is one that `model import` takes', () => {
  const encoders = {
    inputs: [
      { name: 'city', columnType: 'string' as const },
      { name: 'day', columnType: 'timestamp' as const },
    ],
    ...{ blocks: [], features: [], dropped: [] },
  };
  const facts = { rows: 1, columns: 1, encoders };
  expect(
    parseForeignSignature(
      foreignSignature({ ...facts, task: 'binary', classes: [false, true], positive: 1 }, 'late'),
    ),
  ).toEqual({
    ...{ target: 'late', task: 'binary', inputs: encoders.inputs, classes: [false, true], positive: true },
  });
  expect(parseForeignSignature(foreignSignature({ ...facts, task: 'regression' }, 'price'))).toEqual({
    ...{ target: 'price', task: 'regression', inputs: encoders.inputs },
  });
});
