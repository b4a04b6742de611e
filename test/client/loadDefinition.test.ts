import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadDefinition, MAX_FILE_BYTES } from '../../client/loadDefinition.ts';
import { perennial } from './cli.ts';

/** A definition is found to be wrong before anything is started, and the message names its file. */

const folder = mkdtempSync(join(tmpdir(), 'perennial-definitions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = {
  apiVersion: 1,
  name: 'customers',
  sources: { customers: { kind: 'csv', from: 'customers.csv' } },
  dataset: 'SELECT * FROM customers',
  target: 'churned',
  search: [{ learner: 'logistic', grid: { l2: [0.1, 1] } }],
};

function write(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('a JSON file is a definition, with its defaults made explicit and its folder as the base', async () => {
  const { definition, baseDirectory } = await loadDefinition(write('good.json', GOOD));
  expect(definition).toMatchObject({
    name: 'customers',
    select: { folds: 5 },
    split: { by: 'hash', test: 0.2 },
  });
  expect(baseDirectory).toBe(folder);
});

test('a byte order mark, as Windows editors write it, is no error', async () => {
  expect((await loadDefinition(write('bom.json', `\uFEFF${JSON.stringify(GOOD)}`))).definition.name).toBe(
    'customers',
  );
});

test.each([
  ['a file that is not there', 'INVALID_INPUT', () => join(folder, 'nowhere.ts'), /no definition at/],
  ['a folder', 'INVALID_INPUT', () => folder, /is not a definition/],
  ['a file of another kind', 'INVALID_INPUT', () => write('data.csv', 'a,b\n1,2\n'), /is not a definition/],
  [
    'JSON that is broken',
    'INVALID_DEFINITION',
    () => write('broken.json', '{"name": '),
    /broken\.json is not JSON/,
  ],
  [
    'an unknown learner',
    'INVALID_DEFINITION',
    () => write('learner.json', { ...GOOD, search: [{ learner: 'forrest', grid: {} }] }),
    /search\[0\]\.learner is "forrest"; expected one of .*\bforest, .*\btree\b/,
  ],
  [
    'an empty grid',
    'INVALID_DEFINITION',
    () => write('grid.json', { ...GOOD, search: [{ learner: 'logistic', grid: { l2: [] } }] }),
    /search\[0\]\.grid\.l2/,
  ],
  [
    'a field that is spelt wrong',
    'INVALID_DEFINITION',
    () => write('field.json', { ...GOOD, traget: 'churned' }),
    /field\.json: .*traget/,
  ],
  [
    'a module without a default export',
    'INVALID_DEFINITION',
    () => write('named.mjs', 'export const definition = {};'),
    /no definition as its default export/,
  ],
  [
    'a module that throws',
    'INVALID_DEFINITION',
    () => write('throws.mjs', 'throw new Error("no such table");'),
    /throws\.mjs cannot be loaded: no such table/,
  ],
])('%s is refused', async (_, code, make, message) => {
  await expect(loadDefinition(make())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
  });
});

test('10 MB are refused without being read', async () => {
  const path = write('huge.json', JSON.stringify({ ...GOOD, dataset: `SELECT '${'x'.repeat(10_000_000)}'` }));
  await expect(loadDefinition(path)).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    field: 'definition',
    expected: `at most ${MAX_FILE_BYTES} bytes: data belongs into sources`,
  });
});

test('10 MB that a module makes as it is loaded are refused too', async () => {
  const path = write(
    'grows.mjs',
    `export default { ...${JSON.stringify(GOOD)}, dataset: 'SELECT ' + 'x'.repeat(10_000_000) };`,
  );
  await expect(loadDefinition(path)).rejects.toMatchObject({ code: 'INVALID_DEFINITION' });
});

test('TypeScript in a CommonJS package keeps the code and the field of its error', async () => {
  const project = join(folder, 'commonjs');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "commonjs" }');
  const builders = JSON.stringify(new URL('../../config/define.ts', import.meta.url).pathname);
  writeFileSync(
    join(project, 'lifecycle.ts'),
    `import { csv, defineLifecycle, logistic } from ${builders};
     const name: string = 'Not A Name';
     export default defineLifecycle({ name, sources: { a: csv('a.csv') }, target: 't', search: [logistic()] });`,
  );
  const { code, stderr, json } = await perennial(['train', join(project, 'lifecycle.ts'), '--json'], {
    cwd: project,
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error .*lifecycle\.ts: name is "Not A Name": must be lower-case letters/m);
  expect(json()).toMatchObject({ error: { code: 'INVALID_DEFINITION', field: 'name', value: 'Not A Name' } });
});

test('a definition where the package is not installed says what to do', async () => {
  const file = write(
    'elsewhere.ts',
    "import { defineLifecycle } from 'perennial-ml';\nexport default defineLifecycle({});\n",
  );
  await expect(loadDefinition(file)).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    expected: expect.stringContaining('npm install') as string,
  });
});
