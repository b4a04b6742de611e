import { describe, expect, test } from 'vitest';
import { categoriesOf, categoryOf, compare, unseenShare } from '../../../activities/watch/categories.ts';

const counts = (record: Record<string, number>) => categoriesOf(new Map(Object.entries(record)));
/** `rows` values that each occur `times` times, from `from` on. */
const names = (values: number, times: number, from = 0) =>
  counts(Object.fromEntries(Array.from({ length: values }, (_, i) => [`name ${from + i}`, times])));

describe('counts of categories', () => {
  test('keep the thousand most frequent, by count and then by name, and add up the others', () => {
    const many = names(1_200, 1);
    expect(many.top).toHaveLength(1_000);
    expect(many).toMatchObject({ other: 200 });
    expect(many.once).toBeUndefined();
    expect(counts({ b: 2, a: 2, c: 3, d: 1 })).toEqual({
      top: [
        ['c', 3],
        ['a', 2],
        ['b', 2],
        ['d', 1],
      ],
      other: 0,
      once: 1,
    });
  });

  test('name a long text by its hash', () => {
    expect(categoryOf('x'.repeat(128))).toBe('x'.repeat(128));
    expect(categoryOf('x'.repeat(129))).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('of the same shares do not differ, and of others do', () => {
    expect(compare(counts({ a: 500, b: 500 }), counts({ a: 250, b: 250 }))).toMatchObject({
      p: 1,
      effect: 0,
    });
    const { p, effect } = compare(counts({ a: 500, b: 500 }), counts({ a: 400, b: 100 }));
    expect(p).toBeLessThan(1e-20);
    expect(effect).toBeCloseTo(0.3);
  });

  test('compare what neither counts one by one as one category', () => {
    const reference = names(2_000, 5);
    const { effect } = compare(reference, names(2_000, 5));
    expect(effect).toBeCloseTo(0);
    // The second thousand alone: nothing that the reference counts.
    expect(compare(reference, names(1_000, 5, 5_000)).effect).toBeCloseTo(0.5);
  });
});

describe('the share of unseen values', () => {
  test('is that of values that training never had', () => {
    expect(unseenShare(counts({ a: 500, b: 500 }), counts({ a: 70, c: 30 }))).toBeCloseTo(0.3);
    expect(unseenShare(counts({ a: 500, b: 500 }), counts({ a: 100 }))).toBe(0);
    expect(unseenShare(counts({}), counts({ a: 1 }))).toBe(0);
    expect(unseenShare(counts({ a: 1 }), counts({}))).toBe(0);
  });

  test('is none of a column of names, where new ones are usual', () => {
    expect(unseenShare(names(900, 1), names(300, 1, 10_000))).toBe(0);
    expect(unseenShare(names(20_000, 1), names(300, 1, 100_000))).toBeLessThan(0.06);
  });

  test('is known also where training had thousands', () => {
    // Half of the reference's rows are of values that it does not count.
    expect(unseenShare(names(2_000, 5), names(300, 1, 9_000))).toBeCloseTo(0.5);
  });
});
