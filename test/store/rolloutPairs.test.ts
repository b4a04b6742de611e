import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UnpairedRow } from '../../store/rolloutTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';
import { logged, openedRollout, type Logged } from './rolloutBench.ts';
import { inputsOf } from './someRecords.ts';

/** Which labelled keys the other version has yet to score, and what comes of the scores. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const HOUR_MS = 3_600_000;
const receivedAt = expect.any(String) as string;
const accuracy = (labelHorizonMs = 0) => ({ guards: { accuracy: { labelHorizonMs } } });
/** Answered `agoMs` before now. */
const answered = (
  arm: Logged['arm'],
  x: (number | string | null)[],
  fields: Partial<Logged> = {},
  agoMs = 60_000,
): Logged => ({
  arm,
  at: Date.now() - agoMs,
  rows: x.length,
  inputs: inputsOf({ x, y: x.map(() => null) }),
  ...fields,
});

describe('a labelled key without a pair', () => {
  test('is told with the inputs of its first answer, its arm and its label', async () => {
    const rollout = await openedRollout(store, 'first', accuracy());
    await logged(store, rollout, [
      answered('challenger', [2], { keys: ['a'] }, 2_000),
      answered('challenger', [1], { keys: ['a'] }, 3_000),
      answered('champion', [9], { keys: ['unlabelled'] }),
      // None of these can stand for a key.
      answered('challenger', [0], { keys: ['a'], status: 500 }, 9_000),
      answered('direct', [0], { keys: ['a'] }, 9_000),
      answered('challenger', [0], { keys: ['a'], rolloutId: 'rollout/first/2' }, 9_000),
      answered('challenger', [0], { keys: ['a'], inputs: undefined }, 9_000),
      answered('champion', [0], { keys: ['never-answered'], status: 500 }),
    ]);
    await store.labels.put('first', [
      { key: 'a', value: 'yes' },
      { key: 'never-answered', value: 'no' },
      { key: 'never-asked', value: 'no' },
    ]);
    expect(await store.rollouts.unpaired('first', 1, 10)).toEqual([
      { key: 'a', arm: 'challenger', inputs: { x: 1, y: null }, label: 'yes', revision: 1, receivedAt },
    ]);
  });

  test('is a row of a request that had no key, and is the key of a row that had one', async () => {
    const rollout = await openedRollout(store, 'rows', accuracy());
    await logged(store, rollout, [
      answered('champion', ['p', 'q', 'r'], { requestId: 'plain' }),
      answered('challenger', ['s', 't'], { requestId: 'split', rowIndexes: [1, 3], keys: ['k1', 'k3'] }),
      answered('champion', ['u'], { requestId: 'again', keys: ['k3'] }, 1_000),
    ]);
    await store.labels.put('rows', [{ requestId: 'plain', row: 2, value: 1 }]);
    await store.labels.put('rows', [{ requestId: 'plain', row: 0, value: 0.5 }]);
    await store.labels.put('rows', [{ requestId: 'split', row: 3, value: 2 }]);
    // The same key in another request: its first answer that has a label stands for it.
    await store.labels.put('rows', [{ requestId: 'again', value: 3 }]);
    expect(await store.rollouts.unpaired('rows', 1, 10)).toEqual([
      { key: 'plain/2', arm: 'champion', inputs: { x: 'r', y: null }, label: 1, revision: 1, receivedAt },
      { key: 'plain/0', arm: 'champion', inputs: { x: 'p', y: null }, label: 0.5, revision: 1, receivedAt },
      { key: 'k3', arm: 'challenger', inputs: { x: 't', y: null }, label: 2, revision: 1, receivedAt },
    ]);
  });

  test('comes in the order of the labels, a page at a time, until it is paired; a correction makes it anew', async () => {
    const rollout = await openedRollout(store, 'paged', accuracy());
    const keys = ['e', 'd', 'c', 'b', 'a'];
    await logged(
      store,
      rollout,
      keys.map((key) => answered('champion', [key], { keys: [key] })),
    );
    for (const key of keys) await store.labels.put('paged', [{ key, value: true }]);
    const told: string[] = [];
    for (;;) {
      const page = await store.rollouts.unpaired('paged', 1, 2);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(2);
      told.push(...page.map(({ key }) => key));
      const pairs = page.map(({ key, revision }) => ({ key, revision, championLoss: 0, challengerLoss: 1 }));
      await store.rollouts.recordPairs('paged', 1, pairs);
      await store.rollouts.recordPairs('paged', 1, pairs);
    }
    expect(told).toEqual(keys);
    await store.labels.put('paged', [{ key: 'c', value: false }]);
    expect(await store.rollouts.unpaired('paged', 1, 10)).toMatchObject([
      { key: 'c', label: false, revision: 2 },
    ]);
  });

  test('comes behind the one that a page ended with, also where that is never paired', async () => {
    const rollout = await openedRollout(store, 'unusable', accuracy());
    const keys = ['e', 'd', 'c', 'b', 'a'];
    await logged(
      store,
      rollout,
      // Each is labelled twice, as a key and as a row: of the second label it must not come again.
      keys.map((key) => answered('champion', [key], { requestId: `of-${key}`, keys: [key] })),
    );
    await store.labels.put('unusable', [
      { key: 'c', value: true },
      { key: 'd', value: true },
      { key: 'e', value: true },
    ]);
    await store.labels.put('unusable', [
      { key: 'a', value: true },
      { key: 'b', value: true },
    ]);
    await store.labels.put(
      'unusable',
      keys.map((key) => ({ requestId: `of-${key}`, value: false })),
    );
    const all = await store.rollouts.unpaired('unusable', 1, 10);
    expect(all.map(({ label }) => label)).toEqual([true, true, true, true, true]);
    const told: UnpairedRow[] = [];
    for (;;) {
      const page = await store.rollouts.unpaired('unusable', 1, 2, told.at(-1));
      if (page.length === 0) break;
      told.push(...page);
    }
    expect(told).toEqual(all);
    expect(await store.rollouts.unpaired('unusable', 1, 10)).toEqual(all);
  });

  test('waits for the horizon, and for a label that came since the rollout began', async () => {
    const rollout = await openedRollout(store, 'horizon', accuracy(HOUR_MS));
    await logged(store, rollout, [
      answered('champion', [1], { keys: ['old'] }, 2 * HOUR_MS),
      answered('champion', [2], { keys: ['old'] }, 0),
      answered('champion', [3], { keys: ['young'] }, HOUR_MS / 2),
    ]);
    await store.labels.put('horizon', [
      { key: 'young', value: true },
      { key: 'old', value: true },
    ]);
    expect(await store.rollouts.unpaired('horizon', 1, 10)).toMatchObject([{ key: 'old', inputs: { x: 1 } }]);
  });

  test('survives what JSON may hold and Postgres cannot read', async () => {
    const rollout = await openedRollout(store, 'escapes', accuracy());
    await logged(store, rollout, [
      {
        ...answered('champion', ['a\0b'], { keys: ['k'] }),
        inputs: inputsOf(
          JSON.parse('{"__proto__":[1],"x":["a\\u0000b"]}') as Record<string, (number | string)[]>,
        ),
      },
    ]);
    await store.labels.put('escapes', [{ key: 'k', value: 'true\0' }]);
    const [row] = await store.rollouts.unpaired('escapes', 1, 10);
    expect(row.inputs.x).toBe('a\0b');
    expect(Object.keys(row.inputs)).toEqual(['__proto__', 'x']);
    expect(row.label).toMatch(/^true/);
  });

  test('comes with no more inputs at a time than memory is meant to hold', async () => {
    const rollout = await openedRollout(store, 'large', accuracy());
    const megabytes = (n: number) => 'x'.repeat(n * 1024 * 1024);
    const keys = ['a', 'b', 'c'];
    await logged(
      store,
      rollout,
      keys.map((key) => answered('champion', [megabytes(5)], { keys: [key] })),
    );
    for (const key of keys) await store.labels.put('large', [{ key, value: true }]);
    const page = await store.rollouts.unpaired('large', 1, 10);
    expect(page.map(({ key }) => key)).toEqual(['a', 'b']);
  });
});

describe('pairs', () => {
  test('are counted by the newest label of each key', async () => {
    const rollout = await openedRollout(store, 'paired', accuracy());
    const counts = async () => (await store.rollouts.counts('paired', rollout.number, [])).pairs;
    expect(await counts()).toEqual({ pairs: 0, mean: 0, variance: 0, championLoss: 0, challengerLoss: 0 });
    const pair = (key: string, revision: number, championLoss: number, challengerLoss: number) => ({
      ...{ key, revision, championLoss, challengerLoss },
    });
    await store.rollouts.recordPairs('paired', 1, [
      pair('a', 1, 0, 1),
      pair('b', 1, 1, 0),
      pair('c', 2, 0.25, 0.25),
      pair('c', 1, 9, 0),
    ]);
    // Differences 1, -1, 0.
    expect(await counts()).toEqual({
      pairs: 3,
      mean: 0,
      variance: expect.closeTo(2 / 3, 12) as number,
      championLoss: expect.closeTo(1.25 / 3, 12) as number,
      challengerLoss: expect.closeTo(1.25 / 3, 12) as number,
    });
    await store.rollouts.recordPairs('paired', 1, [pair('b', 2, 0, 1), pair('a', 1, 5, 5)]);
    // Differences 1, 1, 0: b was corrected; the second pair of a's first label changes nothing.
    expect(await counts()).toMatchObject({ pairs: 3, mean: expect.closeTo(2 / 3, 12) as number });
  });

  test.each([NaN, Infinity, -1])('with a loss of %d are refused', async (loss) => {
    await openedRollout(store, `loss-${String(Math.abs(loss)).toLowerCase()}`, accuracy());
    const name = `loss-${String(Math.abs(loss)).toLowerCase()}`;
    const pair = { key: 'a', revision: 1, championLoss: 0, challengerLoss: loss };
    await expect(store.rollouts.recordPairs(name, 1, [pair])).rejects.toMatchObject({ code: '23514' });
  });
});
