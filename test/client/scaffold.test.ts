import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialize } from '../../client/initialize.ts';
import { declared } from '../config/declared.ts';
import { loadDefinition } from '../../client/loadDefinition.ts';
import { openEngine } from '../../sources/engine.ts';

/** What `init` writes is a definition, whatever the file's columns are called and hold. */

// Below the package, so that `perennial-ml` means this clone.
const folder = fileURLToPath(new URL(`../../.cache/scaffold-${process.pid}`, import.meta.url));
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function scaffold(csv: string[], options: { target?: string; stem?: string } = {}) {
  const from = join(folder, `${options.stem ?? `file${++files}`}.csv`);
  const out = join(folder, `lifecycle${++files}.ts`);
  writeFileSync(from, `${csv.join('\n')}\n`);
  const made = await initialize({ from, out, target: options.target });
  return { made, text: readFileSync(out, 'utf8'), definition: (await loadDefinition(out)).definition };
}

const numbers = (row: (i: number) => string): string[] => Array.from({ length: 100 }, (_, i) => row(i));

test('columns become features by what they hold, and the rest is named with a reason', async () => {
  const { text, definition } = await scaffold(
    [
      'id,amount,paid,plan,city,note,fixed,day,left_us',
      ...numbers(
        (i) =>
          `${i},${i * 1.5},${i % 2 === 0},${'abc'[i % 3]},town${i % 40},text ${i},1,2024-01-${10 + (i % 20)},${'xy'[i % 2]}`,
      ),
    ],
    { target: 'left_us' },
  );
  expect(definition).toMatchObject({
    target: 'left_us',
    key: ['id'],
    sources: { [`file1`]: { kind: 'csv', from: 'file1.csv' } },
  });
  expect(definition.features).toEqual([
    { kind: 'standardize', columns: ['amount'] },
    { kind: 'passthrough', columns: ['paid'] },
    { kind: 'oneHot', columns: ['plan'], maxCategories: 100 },
    { kind: 'frequency', columns: ['city'], maxCategories: 1000 },
    { kind: 'cyclic', columns: ['day'], part: 'month' },
    { kind: 'cyclic', columns: ['day'], part: 'weekday' },
  ]);
  expect(text).toContain('// Left out: note, whose 100 different texts are hardly categories.');
  expect(text).toContain('// Left out: fixed, which is the same in every row.');
  expect(text).toContain("// time: 'day', split: { by: 'time', test: 0.2 },");
});

test('a quantity is regressed, classes are classified', async () => {
  const rows = numbers((i) => `${i % 7},${i * 2.5 + 0.1},${i % 3}`);
  const regression = await scaffold(['x,price,stars', ...rows], { target: 'price' });
  expect(declared(regression.definition).map(({ learner }) => learner)).toEqual(['ridge', 'tree', 'forest']);
  const classes = await scaffold(['x,price,stars', ...rows], { target: 'stars' });
  expect(declared(classes.definition).map(({ learner }) => learner)).toEqual(['logistic', 'tree', 'forest']);
});

test('rows without an outcome are left out by the query', async () => {
  const { definition } = await scaffold(
    ['x,"out ""come"', ...numbers((i) => `${i},${i % 4 === 0 ? '' : 'ab'[i % 2]}`)],
    { target: 'out "come' },
  );
  expect(definition.dataset).toMatch(/^SELECT \* FROM "file\d+" WHERE "out ""come" IS NOT NULL$/);
});

test('a file called as a word of SQL can be selected from', async () => {
  const { definition } = await scaffold(
    ['x,y', ...numbers((i) => `${i},${i % 4 === 0 ? '' : 'ab'[i % 2]}`)],
    {
      stem: 'order',
      target: 'y',
    },
  );
  expect(definition.sources).toHaveProperty('order');
  const engine = await openEngine({ scratch: folder });
  try {
    await engine.run('CREATE TABLE "order" (x INTEGER, y VARCHAR)');
    await engine.run(definition.dataset);
  } finally {
    await engine.close();
  }
});

test('names that are code, comments or another language stay names', async () => {
  const names = ["it's", '*/ process.exit(1) /*', '${x}', 'größe', 'back\\slash', 'line'];
  const { definition } = await scaffold(
    [
      names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',') + ',y',
      ...numbers((i) => `${names.map((_, k) => i % (k + 3)).join(',')},${i % 2}`),
    ],
    { stem: '2025 Kunden, Juli', target: 'y' },
  );
  expect(definition.name).toBe('kunden-juli');
  expect(definition.features).toEqual([{ kind: 'standardize', columns: names }]);
});

test('a definition that is there is never written over unasked', async () => {
  const from = join(mkdtempSync(join(tmpdir(), 'perennial-init-')), 'x.csv');
  writeFileSync(from, 'a,b\n1,2\n2,3\n');
  const out = join(folder, 'mine.ts');
  writeFileSync(out, '// mine');
  await expect(initialize({ from, out })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: '--out' });
  expect(readFileSync(out, 'utf8')).toBe('// mine');
  await initialize({ from, out, force: true });
  expect(readFileSync(out, 'utf8')).toContain('defineLifecycle');
});

test.each([
  [
    'a column that is not there',
    { target: 'c' },
    'a,b\n1,2\n',
    { code: 'UNKNOWN_COLUMN', expected: 'one of a, b' },
  ],
  ['a file without rows', {}, 'a,b\n', { code: 'DATASET_UNUSABLE' }],
  [
    'a name that no model can have',
    { name: 'Großer Name' },
    'a,b\n1,2\n',
    { code: 'INVALID_INPUT', field: '--name' },
  ],
])('%s is refused, and nothing is written', async (_, options, content, error) => {
  const from = join(folder, `refused${++files}.csv`);
  const out = join(folder, `refused${files}.ts`);
  writeFileSync(from, content);
  await expect(initialize({ from, out, ...options })).rejects.toMatchObject(error);
  expect(() => readFileSync(out)).toThrow('ENOENT');
});
