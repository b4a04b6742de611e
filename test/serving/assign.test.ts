import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isChallengers, positionOf } from '../../serving/assign.ts';

/** A key keeps its side: the split is a hash of rollout and key, as Python computes it, fair, and grows with the weight. */
const KEYS = Array.from({ length: 100_000 }, (_, i) => `customer-${i}`);
const ROLLOUT = 'rollout/flight-adherence/1';

const golden = JSON.parse(readFileSync(new URL('../golden/assign.json', import.meta.url), 'utf8')) as {
  rollout: string;
  key: string;
  position: number;
}[];

it('is what Python’s hashlib gives, to the last bit', () => {
  expect(golden).toHaveLength(30);
  for (const { rollout, key, position } of golden) expect(positionOf(rollout, key)).toBe(position);
});

describe('of 100,000 keys', () => {
  // The quantiles 0.00005 and 0.99995 of the binomial distribution.
  it.each([
    [0.1, 9_633, 10_371],
    [0.5, 49_385, 50_615],
  ])('a weight of %s takes its share, within the 99.99 %% bounds', (weight, least, most) => {
    const taken = KEYS.filter((key) => isChallengers(ROLLOUT, key, weight)).length;
    expect(taken).toBeGreaterThanOrEqual(least);
    expect(taken).toBeLessThanOrEqual(most);
  });

  it('a higher weight keeps every key of a lower one', () => {
    const weights = [0, 0.01, 0.1, 0.5, 0.99, 1];
    const taken = weights.map((weight) => new Set(KEYS.filter((key) => isChallengers(ROLLOUT, key, weight))));
    expect(taken[0].size).toBe(0);
    expect(taken[5].size).toBe(KEYS.length);
    for (let i = 1; i < taken.length; i++) {
      expect(taken[i].size).toBeGreaterThan(taken[i - 1].size);
      expect([...taken[i - 1]].every((key) => taken[i].has(key))).toBe(true);
    }
  });

  it('another rollout is another split: who was in the first half says nothing', () => {
    const first = KEYS.filter((key) => isChallengers(ROLLOUT, key, 0.5));
    const both = first.filter((key) => isChallengers('rollout/flight-adherence/2', key, 0.5)).length;
    // Half of the half, within five standard deviations of a binomial.
    expect(Math.abs(both - first.length / 2)).toBeLessThan(5 * Math.sqrt(first.length / 4));
  });
});
