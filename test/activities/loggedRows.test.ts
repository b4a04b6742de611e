import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeLoggedRows, type DatasetShape } from '../../activities/loggedRows.ts';
import { toColumn } from '../../sources/columns.ts';
import { openEngine } from '../../sources/engine.ts';
import type { LabelledPrediction } from '../../store/predictionTypes.ts';

/** The log's rows as rows of a dataset: what is read from the inputs, from the label, from the key and from the clock. */

const scratch = mkdtempSync(join(tmpdir(), 'perennial-logged-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const NOON = Date.UTC(2026, 7, 1, 12);
const columns = [
  toColumn('id', 'BIGINT'),
  toColumn('size', 'INTEGER'),
  toColumn('colour', 'VARCHAR'),
  toColumn('fragile', 'BOOLEAN'),
  toColumn('seen', 'TIMESTAMP'),
  toColumn('parts', 'INTEGER[]'),
  toColumn('late', 'BOOLEAN'),
];
const shape: DatasetShape = {
  columns,
  definition: { target: 'late', time: 'seen', key: ['id'] },
  signature: { task: 'binary', classes: [false, true] },
};
const row = (more: Partial<LabelledPrediction> = {}): LabelledPrediction => ({
  key: '7',
  at: NOON,
  inputs: {},
  label: true,
  ...more,
});

let files = 0;
async function written(rows: LabelledPrediction[], of: Partial<DatasetShape> = {}) {
  const path = join(scratch, `${files++}.parquet`);
  async function* batches() {
    for (const each of rows) yield [each];
  }
  const file = await writeLoggedRows(path, batches(), { ...shape, ...of }, { scratch });
  const engine = await openEngine({ scratch });
  try {
    return { ...file, found: await engine.run(`FROM read_parquet('${path}')`) };
  } finally {
    await engine.close();
  }
}

test('inputs are as they were logged; what was not is NULL, and the time is that of the answer', async () => {
  const inputs = { size: 2.5, colour: 'red', fragile: 1, unknown: 3, late: 0 };
  const { found } = await written([row({ inputs }), row({ key: '8', inputs: { size: null, colour: '' } })]);
  const seen = expect.objectContaining({ micros: BigInt(NOON) * 1000n }) as unknown;
  expect(found).toEqual([
    { id: '7', size: 2.5, colour: 'red', fragile: true, seen, late: true },
    { id: '8', size: null, colour: null, fragile: null, seen, late: true },
  ]);
});

test('a time that is an input is that input', async () => {
  const { found } = await written([row({ inputs: { seen: NOON - 1_000.5 } })]);
  expect(found[0]?.seen).toMatchObject({ micros: BigInt(NOON - 1_001) * 1000n });
});

describe('a row is left out, and counted,', () => {
  test.each([
    ['where its label is no value of the target', row({ label: 'perhaps' })],
    ['where an input is of another type', row({ inputs: { size: 'large' } })],
    ['where its key was too long to be kept', row({ key: `sha256:${'0'.repeat(64)}` })],
  ])('%s', async (_, bad) => {
    expect(await written([bad, row()])).toMatchObject({ rows: 1, unfit: 1 });
  });
});

test('a label stands for a class of the champion, or for one that it does not know', async () => {
  const ofText = {
    columns: columns.map((c) => (c.name === 'late' ? toColumn('late', 'VARCHAR') : c)),
    signature: { task: 'multiclass' as const, classes: ['high', 'low'] },
  };
  const labels = await written(
    [' High ', 'middle', 'low'].map((label) => row({ label })),
    ofText,
  );
  expect(labels.found.map(({ late }) => late)).toEqual(['high', 'middle', 'low']);
  const numbers = {
    columns: columns.map((c) => (c.name === 'late' ? toColumn('late', 'DOUBLE') : c)),
    signature: { task: 'regression' as const },
  };
  const values = await written(
    ['1.5', 'none', 2].map((label) => row({ label })),
    numbers,
  );
  expect(values).toMatchObject({ unfit: 1, found: [{ late: 1.5 }, { late: 2 }] });
});

describe('a key', () => {
  const keyed = async (key: string[], ...rows: Partial<LabelledPrediction>[]) => {
    const { found } = await written(rows.map(row), {
      columns: [...columns, toColumn('origin', 'VARCHAR'), toColumn('day', 'DATE')],
      definition: { target: 'late', key },
    });
    return found.map((each) => key.map((name) => each[name]));
  };

  test('keeps all of its digits, and is read from the inputs where it is one', async () => {
    expect(await keyed(['id'], { key: '9007199254740993' }, { key: 'whatever', inputs: { id: 12 } })).toEqual(
      [['9007199254740993'], ['12']],
    );
  });

  test('that is a time is one of text or of epoch milliseconds', async () => {
    const moment = '2026-08-01 12:00:00.000';
    expect(
      await keyed(['day'], { key: String(NOON) }, { key: '2026-08-01T12:00:00Z' }, { key: '2026-08-01' }),
    ).toEqual([[moment], [moment], ['2026-08-01 00:00:00.000']]);
  });

  test('of several columns is told apart where it is a JSON array; other text is the first column', async () => {
    expect(
      await keyed(
        ['origin', 'id', 'day'],
        { key: '["LHR", 12, "2026-08-01"]' },
        { key: 'LHR/12' },
        { key: '["LHR", 12]' },
        { key: '["LHR", null, "2026-08-01"]' },
        { key: 'LHR', inputs: { id: 5 } },
        { key: 'whatever', inputs: { origin: 'CDG' } },
      ),
    ).toEqual([
      ['LHR', '12', '2026-08-01 00:00:00.000'],
      ['LHR/12', null, null],
      ['["LHR", 12]', null, null],
      ['LHR', null, '2026-08-01 00:00:00.000'],
      ['LHR', '5', null],
      ['CDG', null, null],
    ]);
  });
});

test('the same rows give the same digest', async () => {
  const rows = [row({ inputs: { size: 1 } }), row({ key: '8' })];
  const first = await written(rows);
  expect((await written(rows)).digest).toBe(first.digest);
  expect((await written([...rows].reverse())).digest).not.toBe(first.digest);
});
