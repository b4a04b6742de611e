import { expect, it } from 'vitest';
import { categoriesOf, describeFeatures, gapsOf, kindsOf } from '../../learning/encoders/describe.ts';
import type { Feature } from '../../learning/encoders/spec.ts';
import { booleans, encode, encodeWith, fit, numbers, strings } from './encodersRun.ts';

/** The encoder `category` in ONNX Runtime: numbers from 1 on by order of value, and 0 for what is no category. */

const category = (columns: string[], maxCategories = 255): Feature => ({
  kind: 'category',
  columns,
  maxCategories,
});
const impute = (column: string, value: string | number): Feature => ({
  ...{ kind: 'impute', columns: [column], strategy: 'constant', value },
});

const trades = strings('smith', 'baker', 'smith', '', 'miller', 'Ärztin', 'baker', 'smith');

it('numbers text by order of value; unseen and missing text is 0', async () => {
  const { s_category } = await encode([category(['s'])], { s: trades });
  // By UTF-16 code units: baker, miller, smith, Ärztin.
  expect(s_category).toEqual([3, 1, 3, 0, 2, 4, 1, 3]);
  const fresh = await encode(
    [category(['s'])],
    { s: trades },
    { s: strings('Smith', '', 'smith ', 'miller', '🙂') },
  );
  expect(fresh.s_category).toEqual([0, 0, 0, 2, 0]);
});

it('numbers numbers by their size, all 64 bits of them, and booleans', async () => {
  const n = numbers(10, 2.5, -3, 10, NaN, 2.5, 1e300);
  const train = { n, b: booleans(1, 0, 1, NaN, 0, 0, 1) };
  const columns = await encode([category(['n', 'b'])], train);
  expect(columns).toEqual({ n_category: [3, 2, 1, 3, 0, 2, 4], b_category: [2, 1, 2, 0, 1, 1, 2] });
  const fresh = {
    n: numbers(2.5000000000000004, Infinity, -Infinity, 2.5, NaN, 0, 1e300),
    b: booleans(0, 1, 2, NaN, -1, 0.5, 1),
  };
  expect(await encode([category(['n', 'b'])], train, fresh)).toEqual({
    n_category: [0, 0, 0, 2, 0, 0, 4],
    b_category: [1, 2, 0, 0, 0, 0, 2],
  });
});

it('numbers the most frequent, and among equally frequent the first by value; the others are 0', async () => {
  const { s_category } = await encode([category(['s'], 3)], { s: trades });
  // smith 3 times, baker twice; of miller and Ärztin the first.
  expect(s_category).toEqual([3, 1, 3, 0, 2, 0, 1, 3]);
  const { n_category } = await encode([category(['n'], 1)], { n: numbers(7, 5, 7, 6, 7) });
  expect(n_category).toEqual([1, 0, 1, 0, 1]);
});

it.each([
  ['text', (order: number[]) => strings(...order.map((i) => `t${String(i).padStart(3, '0')}`))],
  ['numbers', (order: number[]) => numbers(...order.map((i) => i * 3))],
])('gives 255 categories of %s a number each, whatever more there are', async (_type, columnOf) => {
  // Of the 300 values the first 45 occur once and all others twice.
  const order = Array.from({ length: 555 }, (_, i) => (i < 300 ? i : i - 300 + 45));
  const v = columnOf(order);
  const fitted = fit([category(['v'])], { v });
  const { v_category } = await encodeWith(fitted, { v });
  expect(v_category).toEqual(order.map((i) => Math.max(0, i - 44)));
  expect(categoriesOf(fitted)).toEqual(Uint8Array.of(255));
});

it('takes what `impute` says for a missing value: a category of its own, or one that is there', async () => {
  const own = await encode([category(['s']), impute('s', 'none')], { s: trades });
  // baker, miller, none, smith, Ärztin.
  expect(own.s_category).toEqual([4, 1, 4, 3, 2, 5, 1, 4]);
  const there = await encode(
    [category(['s']), impute('s', 'miller')],
    { s: trades },
    { s: strings('', 'miller', 'x') },
  );
  expect(there.s_category).toEqual([2, 2, 0]);
  const number = await encode(
    [category(['n']), impute('n', 5)],
    { n: numbers(1, NaN, 9) },
    { n: numbers(NaN, 5, Infinity, 2) },
  );
  expect(number.n_category).toEqual([2, 2, 2, 0]);
  // Where training misses nothing, the replacement is no category.
  const unseen = await encode(
    [category(['s']), impute('s', 'none')],
    { s: strings('a', 'b') },
    { s: strings('', 'b') },
  );
  expect(unseen.s_category).toEqual([0, 2]);
});

it('says which features are categories, that they have no direction, and that nothing is missing in them', () => {
  const fitted = fit([category(['s']), { kind: 'passthrough', columns: ['n'] }, category(['n'], 2)], {
    s: trades,
    n: numbers(1, 2, 3, 1, 2, 3, 1, 2),
  });
  expect(describeFeatures(fitted)).toEqual([
    { name: 's_category', column: 's', rises: false },
    { name: 'n', column: 'n', rises: true },
    { name: 'n_category', column: 'n', rises: false },
  ]);
  expect(categoriesOf(fitted)).toEqual(Uint8Array.of(4, 0, 2));
  expect(gapsOf(fitted)).toBeUndefined();
  expect(kindsOf(fitted)).toEqual({ categories: Uint8Array.of(4, 0, 2) });
  expect(kindsOf(fit([{ kind: 'ordinal', columns: ['s'] }], { s: trades }))).toEqual({});
});
