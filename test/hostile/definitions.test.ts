import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBench, type Bench } from '../workflows/bench.ts';
import { smallCsv } from '../workflows/data.ts';
import { perennial } from './commandLine.ts';
import { expectNothingHalfWritten } from './nothingLeft.ts';

/** A definition that is wrong is refused before anything runs: no run, no workflow, nothing stored. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
  bench.write('parcels.csv', smallCsv({ rows: 50 }));
});
afterAll(() => bench.close());

const good = {
  apiVersion: 1,
  name: 'parcels',
  sources: { parcels: { kind: 'csv', from: 'parcels.csv' } },
  dataset: 'SELECT * FROM parcels',
  target: 'late',
  search: [{ learner: 'tree', grid: { maxDepth: [2] } }],
};

test.each([
  {
    title: 'an unknown algorithm',
    wrong: { search: [{ learner: 'forrest', grid: {} }] },
    field: 'search[0].learner',
    value: 'forrest',
    expected: /forest/,
  },
  {
    title: 'no algorithm at all',
    wrong: { search: [] },
    field: 'search',
    value: '[]',
    expected: /at least one learner/,
  },
  {
    title: 'an empty grid',
    wrong: { search: [{ learner: 'tree', grid: { maxDepth: [] } }] },
    field: 'search[0].grid.maxDepth',
    value: '[]',
    expected: /at least one value/,
  },
  {
    title: 'an unknown hyperparameter',
    wrong: { search: [{ learner: 'tree', grid: { depth: [3] } }] },
    field: 'search[0].grid.depth',
    value: '3',
    expected: /spelling/,
  },
  {
    title: 'a literal password in a source',
    wrong: { sources: { parcels: { kind: 'json', from: 'https://ann:hunter2@example.org/parcels.json' } } },
    field: 'sources.parcels.from',
    value: null,
    expected: /secret\(/,
  },
  {
    title: 'a literal connection in place of a secret',
    wrong: {
      sources: {
        parcels: { kind: 'postgres', connection: 'postgres://ann:hunter2@db/x', query: 'SELECT 1' },
      },
    },
    field: 'sources.parcels.connection',
    value: null,
    expected: /object/,
  },
])('$title', async ({ title, wrong, field, value, expected }) => {
  const file = bench.write(`${title.replaceAll(' ', '-')}.json`, JSON.stringify({ ...good, ...wrong }));
  const { exitCode, object, stderr } = await perennial(bench, 'train', file);
  expect(exitCode).toBe(2);
  expect(object.error).toMatchObject({ code: 'INVALID_DEFINITION', field });
  if (value !== null) expect(object.error?.value).toBe(value);
  expect(object.error?.expected).toMatch(expected);
  expect(object.error?.message).toContain(field);
  expect(object.error?.message).toContain(file);
  expect(stderr).toContain(object.error?.message);
  expect(JSON.stringify(object) + stderr).not.toContain('hunter2');
  await expectNothingBegun();
});

test('a definition of 10 MB, as a file and in a program', async () => {
  const huge = { ...good, dataset: `SELECT * FROM parcels -- ${'x'.repeat(10 * 1024 * 1024)}` };
  const file = bench.write('huge.json', JSON.stringify(huge));
  const { exitCode, object } = await perennial(bench, 'train', file);
  expect(exitCode).toBe(2);
  expect(object.error).toMatchObject({
    code: 'INVALID_DEFINITION',
    field: 'definition',
    value: expect.stringMatching(/^\d{8} bytes$/) as string,
    expected: expect.stringContaining('at most 4194304 bytes') as string,
  });
  // A program hands over what no type has checked.
  const handed = JSON.parse(JSON.stringify(huge)) as Parameters<Bench['client']['train']>[0];
  await expect(bench.client.train(handed)).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    expected: 'at most 1048576 bytes',
  });
  await expectNothingBegun();
});

test('a definition that is not there, and one that is not JSON', async () => {
  expect(await perennial(bench, 'train', 'nowhere.json')).toMatchObject({
    exitCode: 2,
    object: { error: { code: 'INVALID_INPUT', field: 'definition' } },
  });
  expect(await perennial(bench, 'train', bench.write('broken.json', '{ "name": '))).toMatchObject({
    exitCode: 2,
    object: { error: { code: 'INVALID_DEFINITION', field: 'definition' } },
  });
  await expectNothingBegun();
});

async function expectNothingBegun(): Promise<void> {
  expect(await bench.store.runs.list()).toEqual([]);
  expect(await bench.store.audit.list()).toEqual([]);
  expect((await bench.store.stats()).tables.find(({ name }) => name === 'definitions')).toMatchObject({
    rows: 0,
  });
  for await (const { workflowId } of bench.temporal.workflow.list()) expect.unreachable(workflowId);
  await expectNothingHalfWritten(bench, 'parcels');
}
