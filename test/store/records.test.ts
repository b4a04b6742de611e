import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, definitionHash } from '../../config/definition.ts';
import { csv, defineLifecycle, tree } from '../../config/define.ts';
import type { CheckResult } from '../../decisions/checks.ts';
import type { CandidateRow, DatasetRow, Store } from '../../store/types.ts';
import { openBench, putText, someDefinition, startRun, type Bench } from './fixtures.ts';

/** What is recorded is read as it was given, and recording it again changes nothing. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

describe('definitions', () => {
  test('are kept under their hash, once', async () => {
    const definition = someDefinition('kept');
    const hash = await store.definitions.put(definition);
    expect(await store.definitions.put(definition)).toBe(hash);
    expect(hash).toBe(definitionHash(definition));
    expect(await store.definitions.get(hash)).toEqual(definition);
  });

  test('of one hash have one order, whichever was written first', async () => {
    // The order of a grid's keys is the order of its candidates.
    const grids = [
      { maxDepth: [3, 4], minLeaf: [1, 2] },
      { minLeaf: [1, 2], maxDepth: [3, 4] },
    ];
    const [first, second] = grids.map((grid) =>
      defineLifecycle({ name: 'ordered', sources: { x: csv('x.csv') }, target: 'y', search: [tree(grid)] }),
    );
    const hash = await store.definitions.put(second);
    expect(await store.definitions.put(first)).toBe(hash);
    expect(JSON.stringify(await store.definitions.get(hash))).toBe(canonicalJson(first));
  });

  test('that are not there are NOT_FOUND, that were edited ARTIFACT_CORRUPT', async () => {
    const hash = await store.definitions.put(someDefinition('edited'));
    await bench.admin.query(`ALTER TABLE definitions DISABLE TRIGGER USER;
      UPDATE definitions SET definition = replace(definition::text, 'edited', 'forged')::json WHERE hash = '${hash}';
      ALTER TABLE definitions ENABLE TRIGGER USER`);
    await expect(store.definitions.get(hash)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    await expect(store.definitions.get('0'.repeat(64))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bench.admin.query(`DELETE FROM definitions`)).rejects.toMatchObject({ code: '23001' });
  });
});

describe('datasets', () => {
  const dataset = (digest: string, key: string): Omit<DatasetRow, 'createdAt'> => ({
    digest,
    key,
    rows: 3_000_000_000,
    bytes: 4_294_967_297,
    columns: [
      {
        name: 'city "\0" \ud800',
        type: 'string',
        sqlType: 'VARCHAR',
        rows: 2,
        missing: 1,
        distinct: 1,
        infinite: 0,
        top: [{ value: '\0', count: 1 }],
      },
    ],
    sources: [{ name: 'flights', kind: 'parquet', digest: 'd', bytes: 13 }],
    query: 'SELECT *',
  });

  test('are found by key and by digest, as they were first recorded', async () => {
    const digest = await putText(store, 'rows', 'dataset');
    await store.datasets.record(dataset(digest, 'key'));
    await store.datasets.record({ ...dataset(digest, 'key'), rows: 5 });
    await store.datasets.record({ ...dataset(digest, 'another key'), query: 'SELECT 1' });
    const found = await store.datasets.findByKey('key');
    expect(found).toEqual({ ...dataset(digest, 'key'), createdAt: expect.stringMatching(/Z$/) as string });
    expect(await store.datasets.get(digest)).toEqual(found);
    expect(await store.datasets.findByKey('no key')).toBeUndefined();
    await expect(store.datasets.get('0'.repeat(64))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('have bytes', async () => {
    await expect(store.datasets.record(dataset('1'.repeat(64), 'nothing behind'))).rejects.toMatchObject({
      code: '23503',
    });
    await expect(store.datasets.record(dataset('not a digest', 'no digest'))).rejects.toMatchObject({
      code: '23514',
    });
  });

  test('the first accepted schema of a query stays, and another query has its own', async () => {
    const columns = [
      { name: 'a', sqlType: 'INTEGER' },
      { name: 'b', sqlType: 'VARCHAR' },
    ];
    const query = 'SELECT a, b FROM t';
    expect(await store.datasets.acceptedSchema('settled', query)).toBeUndefined();
    await store.datasets.acceptSchema('settled', query, columns);
    await store.datasets.acceptSchema('settled', query, []);
    expect(await store.datasets.acceptedSchema('settled', query)).toEqual(columns);
    expect(await store.datasets.acceptedSchema('settled', 'SELECT a FROM t')).toBeUndefined();
    await store.datasets.acceptSchema('settled', 'SELECT a FROM t', columns.slice(0, 1));
    expect(await store.datasets.acceptedSchema('settled', query)).toEqual(columns);
    expect(await store.runs.nextNumber('settled')).toBe(1);
  });
});

describe('candidates', () => {
  const rows: CandidateRow[] = [
    {
      index: 0,
      learner: 'tree',
      params: { maxDepth: 3, minLeaf: null, balanced: true, rule: 'gini' },
      status: 'done',
      mean: 0.1 + 0.2,
      std: 5e-324,
      folds: [{ rocAuc: 1 / 3, logLoss: NaN }, { rocAuc: 1 }],
      durationMs: 12.5,
    },
    { index: 1, learner: 'logistic', params: {}, status: 'refused', reason: 'one class \0 in fold 2' },
    { index: 10, learner: 'tree', params: {}, status: 'done', mean: NaN, std: 0 },
  ];

  test('come back in order, to the last bit, as they were first recorded', async () => {
    const { name, number } = await startRun(store, 'searched');
    for (const row of [...rows].reverse()) await store.candidates.record(name, number, row);
    await store.candidates.record(name, number, { ...rows[0], mean: 0.9 });
    const expected = [rows[0], { ...rows[1], reason: 'one class \uFFFD in fold 2' }, rows[2]];
    expect(await store.candidates.list(name, number)).toEqual(expected);
    expect(await store.candidates.get(name, number, 10)).toEqual(rows[2]);
    expect(await store.candidates.get(name, number, 2)).toBeUndefined();
    expect(await store.candidates.list('searched', 2)).toEqual([]);
  });

  test('are found by the first that is good enough, of the run and among those with a score', async () => {
    const { name, number } = await startRun(store, 'within');
    const means = [NaN, 0.2, 0.1 + 0.2, 0.9];
    for (const [i, mean] of means.entries())
      await store.candidates.record(name, number, { ...rows[0], index: i + 2, mean });
    await store.candidates.record(name, number, { ...rows[1], index: 0 });
    const first = async (bound: number, better: 'higher' | 'lower') =>
      (await store.candidates.firstWithin(name, number, bound, better))?.index;
    expect(await first(0.2, 'higher')).toBe(3);
    expect(await first(0.1 + 0.2, 'higher')).toBe(4); // To the last bit.
    expect(await first(0.1 + 0.2 + 2 ** -53, 'higher')).toBe(5);
    expect(await first(0.91, 'higher')).toBeUndefined();
    expect(await first(0.95, 'lower')).toBe(3);
    expect(await first(0.1, 'lower')).toBeUndefined();
    expect(await store.candidates.firstWithin(name, number + 1, 0, 'higher')).toBeUndefined();
  });

  test('have a score or a reason', async () => {
    const { name, number } = await startRun(store, 'scored');
    await expect(
      store.candidates.record(name, number, { ...rows[0], mean: undefined }),
    ).rejects.toMatchObject({ code: '23514' });
    await expect(
      store.candidates.record(name, number, { ...rows[1], reason: undefined }),
    ).rejects.toMatchObject({ code: '23514' });
    await expect(store.candidates.record(name, 99, rows[0])).rejects.toMatchObject({ code: '23503' });
  });
});

describe('check results', () => {
  const result = (index: number, message: string): CheckResult => ({
    index,
    kind: 'unique',
    title: `unique("{a,b}", 'c\\')`,
    verdict: 'warn',
    message,
    measurement: { looked: 10, violations: 2, detail: { a: 1 }, examples: [{ a: '"\0\\{},NULL' }] },
  });

  test('come back in order; those of the last validation count', async () => {
    const { name, number } = await startRun(store, 'checked');
    await store.checks.record(name, number, []);
    await store.checks.record(name, number, [result(1, 'NULL'), result(0, '')]);
    await store.checks.record(name, number, [result(1, 'later')]);
    expect(await store.checks.list(name, number)).toEqual([result(0, ''), result(1, 'later')]);
  });
});
