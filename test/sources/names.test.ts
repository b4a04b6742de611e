import { beforeAll, expect, test } from 'vitest';
import type { SplitPlan } from '../../sources/split.ts';
import { collect, testFolder } from './folder.ts';

// A column may have any name, also one that the queries of this project use for themselves.

const { tableOf } = testFolder();
const TYPES = { numbers: 'CAST(range % 30 % 7 AS BIGINT)', text: `'a' || range % 30 % 7` };
type Type = keyof typeof TYPES;
const SPLITS: Omit<SplitPlan, 'name' | 'seed'>[] = [
  { split: { by: 'hash', test: 0.4 }, key: ['id'] },
  { split: { by: 'time', test: 0.4 }, key: ['id'], time: 'at' },
];

/** What a table with a column of that name gives to all that asks it. The first ten of its rows stand there twice. */
async function ask(name: string, type: Type): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const plan of SPLITS) {
    const table = await tableOf(
      `SELECT range % 30 AS id, TIMESTAMP '2020-01-01' + to_days(CAST(range % 30 AS INTEGER)) AS "at",
         ${TYPES[type]} AS "${name}", range % 30 % 2 = 0 AS y FROM range(40)`,
      { split: { name: 'names', seed: 1, ...plan } },
    );
    const context = { task: 'auto', now: '2020-03-01T00:00:00Z', ...plan } as const;
    const selection = { side: 'train', after: { column: 'at', epochMs: 0 }, limit: 9 } as const;
    answers.push(
      await table.sides(),
      await table.count(selection),
      await table.profile(),
      await table.profile(selection),
      await collect(table, { ...selection, columns: [name, 'id'] }),
      await table.measure(
        [
          { kind: 'unique', columns: ['id', name], severity: 'fail' },
          {
            kind: 'allowed',
            column: name,
            values: type === 'text' ? ['a1'] : [1],
            maxShare: 0,
            severity: 'fail',
          },
        ],
        { ...context, target: name },
      ),
      await table.measure([], { ...context, target: 'y' }),
    );
  }
  if (type === 'numbers') {
    const split: SplitPlan = { name: 'names', seed: 1, split: { by: 'time', test: 0.4 }, time: name };
    answers.push(await (await tableOf(`SELECT range AS "${name}" FROM range(40)`, { split })).sides());
  }
  return answers;
}

const expected: Partial<Record<Type, unknown[]>> = {};
beforeAll(async () => {
  expected.numbers = await ask('plain', 'numbers');
  expected.text = await ask('plain', 'text');
});

test.each(
  [
    'v',
    'test',
    'ord',
    't',
    'file_row_number',
    'rowid',
    'place',
    'draw',
    'n',
    'first',
    'RowId',
    'TEST',
  ].flatMap((name) => (['numbers', 'text'] as const).map((type) => ({ name, type }))),
)('a column $name of $type is profiled, split, drawn and checked as any other', async ({ name, type }) => {
  expect(await ask(name, type)).toEqual(rename(expected[type], name));
});

function rename(value: unknown, name: string): unknown {
  if (value === 'plain') return name;
  if (Array.isArray(value)) return value.map((item) => rename(item, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key === 'plain' ? name : key, rename(item, name)]),
  );
}
