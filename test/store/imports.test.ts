import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireTrained } from '../../store/trained.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, putText, startRun, versionOf, type Bench } from './fixtures.ts';

/** A version that was trained elsewhere stands in the registry beside trained ones, and says where it came from. */

let bench: Bench;
let store: Store;
beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

type Import = Parameters<Store['registry']['import']>[0];

async function importOf(name: string, model: string): Promise<Import> {
  const run = await startRun(store, `made-for-${name}`);
  const { signature, code } = await versionOf(store, run, model);
  await store.runs.close(run.name, run.number, { status: 'failed', reason: 'only its shape is wanted' });
  return {
    name,
    digest: await putText(store, model),
    goldenDigest: await putText(store, `golden rows of ${model}`, 'golden'),
    ...{ signature, code, learner: 'imported', params: {}, metrics: {} },
    imported: {
      file: await putText(store, `file of ${model}`, 'imported'),
      ...{ fileName: 'model.onnx', bytes: 9, producer: { name: 'skl2onnx', version: '1.20.0' } },
      ...{ opsets: { '': 17, 'ai.onnx.ml': 1 }, by: 'ada' },
    },
  };
}

test('gives the row back as it was given, without what only a training says', async () => {
  const given = await importOf('faithful', 'faithful');
  expect(await store.registry.import(given)).toEqual({ version: 1, existing: false, champion: true });
  expect(await store.registry.get('faithful')).toEqual({
    ...given,
    version: 1,
    champion: true,
    createdAt: expect.stringMatching(/Z$/) as string,
  });
  expect(await store.routes.get('faithful')).toMatchObject({ championVersion: 1, weight: 0 });
});

test('eight times at once it is one version, one champion and one audit row', async () => {
  const given = await importOf('busy', 'busy');
  const results = await Promise.all(Array.from({ length: 8 }, () => store.registry.import(given)));
  expect(results.filter(({ existing }) => !existing)).toHaveLength(1);
  expect(new Set(results.map(({ version }) => version))).toEqual(new Set([1]));
  const actions = (await store.audit.list('model/busy/1')).map(({ action, actor }) => [action, actor]);
  expect(actions).toEqual([['version.import', 'ada']]);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
});

test('beside a trained champion it is the next version, and does not serve', async () => {
  const run = await startRun(store, 'mixed');
  await store.registry.register(await versionOf(store, run, 'trained'), { promote: false, actor: 'tester' });
  expect(await store.registry.import(await importOf('mixed', 'from elsewhere'))).toEqual({
    version: 2,
    existing: false,
    champion: false,
  });
  const [imported, trained] = await store.registry.list('mixed');
  expect(requireTrained(trained, 'it is asked for').runNumber).toBe(run.number);
  expect(() => requireTrained(imported, 'hold-out rows are replayed')).toThrow(
    'mixed@2 was imported, and nothing here knows the data that it learned from: hold-out rows are replayed of a version that was trained here.',
  );
});

test('an artifact of it is no orphan', async () => {
  await store.registry.import(await importOf('kept', 'kept'));
  const orphans = (await store.orphans()).map(({ kind }) => kind);
  expect(orphans).not.toContain('imported');
  expect(orphans).not.toContain('golden');
});

test('a version is trained or imported, and never half of both', async () => {
  const before = await count(bench.admin, 'versions');
  const given = await importOf('half', 'half');
  const run = await startRun(store, 'half');
  const { runNumber, datasetDigest } = await versionOf(store, run, 'half of it');
  const both = { ...given, runNumber, datasetDigest };
  await expect(store.registry.import(both)).rejects.toThrow(/versions_trained_or_imported/);
  const { definitionHash, evaluationDigest, ...less } = await versionOf(store, run, 'half of it');
  expect([definitionHash, evaluationDigest]).not.toContain(undefined);
  await expect(
    store.registry.register(less as Parameters<Store['registry']['register']>[0], {
      promote: false,
      actor: 'tester',
    }),
  ).rejects.toThrow(/versions_trained_or_imported/);
  expect(await count(bench.admin, 'versions')).toBe(before);
});
